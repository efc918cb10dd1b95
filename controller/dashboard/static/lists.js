// Lists of nodes, slots, migrations and events.

import { COLOURS, nodeColour } from "./colours.js";
import { element, isUnderWay, number, redraw, slotNumbers } from "./text.js";

const COLUMNS = 4;

// The list of nodes; one of its rows is reached by Tab, the others from there by arrows.
export class NodeList {
  constructor(body, choose) {
    this.body = body;
    body.addEventListener("click", ({ target }) => choose(target.closest("tr").dataset.node));
    body.addEventListener("focusin", ({ target }) => this.makeReachable(target));
    body.addEventListener("keydown", (event) => {
      const row = event.target;
      const next = {
        ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling,
        Home: body.firstElementChild, End: body.lastElementChild,
      }[event.key];
      next?.focus();
      if (event.key === "Enter" || event.key === " ") choose(row.dataset.node);
      if (next || event.key === " " || event.key === "Enter") event.preventDefault();
    });
  }

  show(picture, chosen) {
    redraw(this.body, JSON.stringify(picture.nodes.map((node) => node.name)), () => picture.nodes.map(newRow));
    picture.nodes.forEach((node, at) => fillRow(this.body.rows[at], node, node.name === chosen));
    if (!this.body.querySelector("[tabindex='0']")) this.body.rows[0]?.setAttribute("tabindex", 0);
  }

  makeReachable(row) {
    for (const other of this.body.rows) other.tabIndex = other === row ? 0 : -1;
  }
}

function newRow({ name }) {
  const cells = Array.from({ length: COLUMNS }, () => element("td"));
  cells[2].className = "number";
  const row = element("tr", { tabIndex: -1 }, ...cells);
  row.dataset.node = name;
  return row;
}

function fillRow(row, node, chosen) {
  const ready = node.state === "ready";
  const enforced = Object.entries(node.enforces).map(([name, slots]) => `${name} ${slots}`).join("; ");
  const load = number(node.pps) + (node.stale ? " (old)" : "");
  const texts = [node.name, node.program ?? "none", load, ready ? enforced || "–" : node.state];
  texts.forEach((text, i) => {
    if (row.cells[i].textContent !== text) row.cells[i].textContent = text;
  });
  row.cells[COLUMNS - 1].className = ready ? "" : "bad";
  row.ariaSelected = String(chosen);
  row.title = node.reason;
}

// Names in the order of their colours: all nodes' if there are enough colours, else those that matter.
function coloured(picture, used) {
  const names = picture.nodes.map((node) => node.name);
  return names.length <= COLOURS ? names : names.filter((name) => used.has(name));
}

export function drawSlots(picture) {
  const used = new Set(Object.values(picture.functions).flatMap((about) => Object.keys(about.placement)));
  const names = coloured(picture, used);
  const moving = picture.migrations.filter(isUnderWay).map((one) => [one.function, one.slots]);
  const key = JSON.stringify([picture.functions, names, moving]);
  redraw(document.getElementById("slots"), key, () => [
    ...Object.entries(picture.functions).map(([name, about]) => slotsRow(name, about, names, moving)),
    element("div", { className: "key" }, ...names.filter((name) => used.has(name)).map((name) => {
      const swatch = element("i");
      swatch.style.background = nodeColour(names, name);
      return element("span", {}, swatch, name);
    })),
  ]);
}

function slotsRow(name, about, names, moving) {
  const owners = Array.from({ length: about.slots }, () => []);
  for (const [node, slots] of Object.entries(about.placement)) {
    slotNumbers(slots).forEach((slot) => owners[slot].push(node));
  }
  const busy = new Set(moving.filter(([one]) => one === name).flatMap(([, slots]) => slotNumbers(slots)));
  const cells = owners.map((nodes, slot) => {
    const cell = element("span", {
      className: `slot${busy.has(slot) ? " moving" : ""}${nodes.length ? "" : " nowhere"}`,
      textContent: slot,
      title: `${name}, slot ${slot}: ${nodes.join(" and ") || "enforced nowhere"}`,
    });
    const colours = nodes.map((node) => nodeColour(names, node));
    if (colours.length === 1) cell.style.background = colours[0];
    if (colours.length > 1) cell.style.background = `linear-gradient(135deg, ${colours.join(", ")})`;
    return cell;
  });
  const row = element("div", { className: "slots" }, element("strong", { textContent: name }), ...cells);
  row.style.setProperty("--slots", about.slots);
  return row;
}

export function drawMigrations(migrations) {
  const latestFirst = [...migrations].reverse();
  redraw(document.getElementById("migrations"), JSON.stringify(latestFirst), () => latestFirst.length
    ? latestFirst.map(migrationItem)
    : [element("p", { className: "quiet", textContent: "None yet." })]);
}

function migrationItem(migration) {
  const running = migration.steps.find((step) => step.state === "running");
  const took = migration.duration_ms == null ? "" : `, ${number(migration.duration_ms)} ms`;
  const what = `${migration.id}: ${migration.function}, slots ${migration.slots}, `
    + `${migration.from} → ${migration.to}, ${migration.method.toUpperCase()}`;
  const steps = migration.steps.map((step) => {
    const ms = step.ms == null ? "" : `, ${step.ms.toFixed(1)} ms`;
    return element("span", {
      className: `step ${step.state.replace(" ", "_")}`,
      title: `${step.name} at ${step.node}: ${step.state}${ms}`,
    });
  });
  const done = migration.steps.filter((step) => step.state === "done").length;
  return element(
    "div",
    { className: "migration" },
    element("div", { textContent: what }),
    element("div", {
      className: /blocked|undone/.test(migration.state) ? "bad" : "quiet",
      textContent: `${migration.state}${running ? `: ${running.name}` : ""}${took}`
        + (migration.reason ? `: ${migration.reason}` : ""),
    }),
    element("div", { className: "steps", role: "img", ariaLabel: `${done} of ${steps.length} steps done` }, ...steps),
  );
}

// Adds events, the latest first, above those that are there, which stay where somebody reads them.
export function addEvents(events, most) {
  const list = document.getElementById("events");
  list.prepend(...events.map((event) => {
    const at = new Date(event.at * 1000);
    return element(
      "li",
      {},
      element("time", { dateTime: at.toISOString(), textContent: at.toLocaleTimeString("en-GB") }),
      `${event.event.replaceAll("_", " ")} ${event.text}`,
    );
  }));
  while (list.children.length > most) list.lastElementChild.remove();
}
