// The page: hears the live feed, and hands what it says to the parts that show it.

import { drawEvents, drawMigrations, drawNodes, drawSlots } from "./lists.js";
import { LoadChart } from "./load.js";
import { MoveForm } from "./move.js";
import { NetworkGraph } from "./network.js";

const state = document.getElementById("state");
const graph = new NetworkGraph(document.getElementById("graph"), choose);
const chart = new LoadChart(document.getElementById("load"), document.getElementById("noload"));
const form = new MoveForm(document.getElementById("move"));
const MIGRATIONS = 20;
const EVENTS = 100;
const events = [];
let picture = null;
let chosen = null;

// Marks a node everywhere, and makes it the source of a move.
function choose(name) {
  chosen = chosen === name ? null : name;
  if (chosen) form.setSource(chosen);
  show();
}

function show() {
  if (!picture) return;
  graph.show(picture, chosen);
  drawNodes(picture, chosen, choose);
  drawSlots(picture);
  drawMigrations(picture.migrations);
  form.offer(picture);
  document.getElementById("conflicts").textContent = picture.conflicts.join("; ");
}

function tell(text, gone = false) {
  state.textContent = text;
  state.classList.toggle("gone", gone);
}

// What was known and what is new, as one; each node with its load.
function merge(news) {
  const { migrations = [], news: told = [], ...parts } = news;
  const known = new Map([...(picture?.migrations ?? []), ...migrations].map((one) => [one.id, one]));
  picture = { nodes: [], links: [], hosts: [], functions: {}, conflicts: [], load: {}, ...picture, ...parts };
  picture.migrations = [...known.values()].sort((a, b) => a.id - b.id).slice(-MIGRATIONS);
  picture.nodes = picture.nodes.map((node) => ({ ...node, pps: null, ports: {}, ...picture.load[node.name] }));
  events.unshift(...told.reverse());
  events.length = Math.min(events.length, EVENTS);
  if (told.length) drawEvents(events);
  const ready = picture.nodes.filter((node) => node.state === "ready").length;
  tell(picture.gone ?? `${picture.version} · ${ready} of ${picture.nodes.length} nodes ready`, picture.gone != null);
  show();
}

const live = new EventSource("/live");
live.addEventListener("picture", (message) => {
  picture = null;
  events.length = 0;
  merge(JSON.parse(message.data));
});
live.addEventListener("timeline", (message) => chart.reset(JSON.parse(message.data)));
live.addEventListener("change", (message) => {
  const news = JSON.parse(message.data);
  merge(news);
  if (news.load_at) chart.add(picture);
});
live.onerror = () => tell("the page's server is gone; trying again …", true);

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  graph.restyle();
  chart.redraw();
});

// For keyboards: g to the graph's list of nodes, m to the form, e to the events.
const PLACES = { g: "#nodes tbody tr", m: "#move select", e: "#events" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || /INPUT|SELECT/.test(event.target.tagName)) return;
  const place = PLACES[event.key] && document.querySelector(PLACES[event.key]);
  if (place) {
    event.preventDefault();
    place.focus();
  }
});
