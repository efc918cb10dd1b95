// The page: hears the live feed, and hands what it says to the parts that show it.

import { Acts, mayAct } from "./acts.js";
import { Chart } from "./chart.js";
import { forgetColours } from "./colours.js";
import { Detail } from "./detail.js";
import { addEvents, drawMigrations, drawSlots, NodeList } from "./lists.js";
import { MoveForm } from "./move.js";
import { NetworkGraph } from "./network.js";
import { tell } from "./text.js";
import { drawMoving, drawScaling, Search } from "./top.js";

const MIGRATIONS = 20;
const EVENTS = 100;
const WIDE_NODES = 24;

const live = new EventSource("/live");
const acts = new Acts();
const form = new MoveForm(document.getElementById("move"), acts);
const detail = new Detail(document.getElementById("detail"), document.getElementById("tip"), acts, { choose, moveFrom });
const graph = new NetworkGraph(
  document.getElementById("graph"),
  (_, id) => choose(chosen === id ? null : id),
  (kind, id, at) => picture && detail.point(picture, kind, id, at),
);
const charts = {
  loads: new Chart(document.getElementById("load"), document.getElementById("noload"), { unit: "packets/s", digits: 0, least: 10 }),
  trips: new Chart(document.getElementById("trips"), document.getElementById("notrips"), { unit: "ms", digits: 2, least: 1 }),
};
const list = new NodeList(document.querySelector("#nodes tbody"), find);
const search = new Search(document.getElementById("search"), find);
// The network comes first: all else is drawn when it has been seen. The mark is for measuring.
const { promise: whenShown, resolve: shown } = Promise.withResolvers();
whenShown.then(() => performance.mark("shown"));
let picture = null;
let chosen = null;

// Marks a node or a link everywhere; a node becomes the source of a move.
async function choose(id) {
  chosen = id;
  document.getElementById("detail").classList.toggle("left", id != null && graph.isRight(id));
  if (picture.nodes.some((node) => node.name === id)) form.setSource(id);
  if (id == null) detail.leave();
  await show();
  if (id != null) graph.reveal(id, detail.covers());
}

// A node was chosen in a list, which may be far from the picture.
async function find(name) {
  await choose(name);
  detail.enter();
}

function moveFrom(name) {
  form.setSource(name);
  form.focus();
}

function show() {
  document.body.classList.toggle("many", picture.nodes.length > WIDE_NODES);
  graph.show(picture, chosen);
  tell("conflicts", picture.conflicts.join("; "));
  if (picture.nodes.length) requestAnimationFrame(() => setTimeout(shown));
  return whenShown.then(showLists);
}

function showLists() {
  detail.show(picture, chosen);
  list.show(picture, chosen);
  drawSlots(picture);
  drawMigrations(picture.migrations);
  drawMoving(picture);
  drawScaling(picture, acts);
  form.offer(picture);
  search.offer(picture);
}

function tellState(text, gone = false) {
  tell("state", text);
  document.getElementById("state").classList.toggle("gone", gone);
}

// What was known and what is new, as one; each node with its load.
function merge(news) {
  const { migrations = [], news: told = [], ...parts } = news;
  const known = new Map([...(picture?.migrations ?? []), ...migrations].map((one) => [one.id, one]));
  picture = { nodes: [], links: [], hosts: [], functions: {}, conflicts: [], load: {}, ...picture, ...parts };
  picture.migrations = [...known.values()].sort((a, b) => a.id - b.id).slice(-MIGRATIONS);
  picture.nodes = picture.nodes.map((node) => ({ ...node, pps: null, stale: false, ...picture.load[node.name] }));
  addEvents(told.reverse(), EVENTS);
  const ready = picture.nodes.filter((node) => node.state === "ready").length;
  tellState(picture.gone ?? `${picture.version} · ${ready} of ${picture.nodes.length} nodes ready`, picture.gone != null);
  show();
}

live.addEventListener("picture", (message) => {
  picture = null;
  document.getElementById("events").replaceChildren();
  merge(JSON.parse(message.data));
});
live.addEventListener("timelines", (message) => whenShown.then(() => {
  for (const [name, timeline] of Object.entries(JSON.parse(message.data))) charts[name].reset(timeline);
}));
live.addEventListener("change", (message) => {
  const news = JSON.parse(message.data);
  merge(news);
  whenShown.then(() => {
    const names = picture.nodes.map((node) => node.name);
    if (news.loads) charts.loads.add(news.loads, names);
    if (news.trips) charts.trips.add(news.trips, []);
  });
});
// Each time, since a server that was started again wants another token, which a new URL brings.
async function tellWhetherLooking() {
  document.getElementById("looking").hidden = await mayAct();
}
live.onopen = tellWhetherLooking;
window.addEventListener("hashchange", tellWhetherLooking);
live.onerror = () => tellState("the page's server is gone; trying again …", true);

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  forgetColours();
  graph.restyle();
  Object.values(charts).forEach((chart) => chart.redraw());
});

const ZOOMS = { "zoom-in": () => graph.zoomBy(1.3), "zoom-out": () => graph.zoomBy(1 / 1.3), fit: () => graph.fit() };
for (const [id, zoom] of Object.entries(ZOOMS)) document.getElementById(id).addEventListener("click", zoom);

// For keyboards, as the legend says.
const PLACES = { "/": "#search", g: "#graph", n: "#nodes [tabindex='0']", m: "#move select", e: "#events" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || /INPUT|SELECT/.test(event.target.tagName)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && chosen != null) choose(null);
  const place = PLACES[event.key] && document.querySelector(PLACES[event.key]);
  if (place) {
    event.preventDefault();
    place.focus();
  }
});
