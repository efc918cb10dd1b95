// The page: hears the live feed, and hands what it says to the parts that show it.

import { drawEvents, drawMigrations, drawNodes, drawSlots } from "./lists.js";
import { LoadChart } from "./load.js";
import { MoveForm } from "./move.js";
import { NetworkGraph } from "./network.js";

const state = document.getElementById("state");
const graph = new NetworkGraph(document.getElementById("graph"), choose);
const chart = new LoadChart(document.getElementById("load"), document.getElementById("noload"));
const form = new MoveForm(document.getElementById("move"));
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

const live = new EventSource("/live");
live.addEventListener("picture", (message) => {
  picture = JSON.parse(message.data);
  const { version, nodes } = picture.status;
  tell(`${version} · ${nodes.ready} of ${nodes.total} nodes ready`);
  chart.add(picture);
  show();
});
live.addEventListener("gone", (message) => tell(JSON.parse(message.data).reason, true));
live.addEventListener("timeline", (message) => chart.reset(JSON.parse(message.data)));
live.addEventListener("news", (message) => {
  const event = JSON.parse(message.data);
  events.unshift(event);
  events.length = Math.min(events.length, 200);
  drawEvents(events);
  if (event.migration && picture) {
    const others = picture.migrations.filter(({ id }) => id !== event.migration.id);
    picture.migrations = [...others, event.migration].sort((a, b) => a.id - b.id);
    show();
  }
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
