// Lists of nodes, slots, migrations and events.

import { COLOURS, nodeColour } from "./colours.js";
import { element, isUnderWay, number, slotNumbers } from "./text.js";

export function drawNodes(picture, chosen, choose) {
  const body = document.querySelector("#nodes tbody");
  if (body.matches(":active")) return; // not under a finger
  const focused = document.activeElement?.dataset?.node;
  const rows = picture.nodes.map((node) => {
    const enforced = Object.entries(node.enforces).map(([name, slots]) => `${name} ${slots}`).join("; ");
    const row = element(
      "tr",
      { tabIndex: 0, ariaSelected: String(node.name === chosen), title: node.reason },
      element("td", { textContent: node.name }),
      element("td", { textContent: node.program ?? "none" }),
      element("td", { className: "number", textContent: number(node.pps) + (node.stale ? " (old)" : "") }),
      element("td", {
        textContent: node.state === "ready" ? enforced || "–" : node.state,
        className: node.state === "ready" ? "" : "bad",
      }),
    );
    row.dataset.node = node.name;
    row.addEventListener("click", () => choose(node.name));
    row.addEventListener("keydown", (event) => {
      const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
      if (next) next.focus();
      if (event.key === "Enter" || event.key === " ") choose(node.name);
      if (next || event.key === " ") event.preventDefault();
    });
    return row;
  });
  body.replaceChildren(...rows);
  if (focused) body.querySelector(`[data-node="${CSS.escape(focused)}"]`)?.focus();
}

// Names in the order of their colours: all nodes' if there are enough colours, else those that matter.
function coloured(picture, used) {
  const names = picture.nodes.map((node) => node.name);
  return names.length <= COLOURS ? names : names.filter((name) => used.has(name));
}

export function drawSlots(picture) {
  const used = new Set(Object.values(picture.functions).flatMap((about) => Object.keys(about.placement)));
  const names = coloured(picture, used);
  const rows = Object.entries(picture.functions).map(([name, about]) => {
    const owners = Array.from({ length: about.slots }, () => []);
    for (const [node, slots] of Object.entries(about.placement)) {
      slotNumbers(slots).forEach((slot) => owners[slot].push(node));
    }
    const moving = new Set(
      picture.migrations
        .filter((m) => m.function === name && isUnderWay(m))
        .flatMap((m) => slotNumbers(m.slots)),
    );
    const cells = owners.map((nodes, slot) => {
      const cell = element("span", {
        className: moving.has(slot) ? "slot moving" : "slot",
        textContent: slot,
        title: `${name}, slot ${slot}: ${nodes.join(" and ") || "enforced nowhere"}`,
      });
      const colours = nodes.map((node) => nodeColour(names, node));
      if (colours.length === 1) cell.style.background = colours[0];
      if (colours.length > 1) cell.style.background = `linear-gradient(135deg, ${colours.join(", ")})`;
      return cell;
    });
    const row = element("div", { className: "slots" }, element("strong", { textContent: name }), ...cells);
    row.style.gridTemplateColumns = `6rem repeat(${about.slots}, minmax(1.1rem, 1fr))`;
    return row;
  });
  const key = names
    .filter((name) => used.has(name))
    .map((name) => {
      const swatch = element("i");
      swatch.style.background = nodeColour(names, name);
      return element("span", {}, swatch, name);
    });
  document.getElementById("slots").replaceChildren(...rows, element("div", { className: "key" }, ...key));
}

export function drawMigrations(migrations) {
  const list = document.getElementById("migrations");
  const items = [...migrations].reverse().map((migration) => {
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
    return element(
      "div",
      { className: "migration" },
      element("div", { textContent: what }),
      element("div", {
        className: /blocked|undone/.test(migration.state) ? "bad" : "quiet",
        textContent: `${migration.state}${running ? `: ${running.name}` : ""}${took}`
          + (migration.reason ? `: ${migration.reason}` : ""),
      }),
      element("div", { className: "steps" }, ...steps),
    );
  });
  if (!items.length) items.push(element("p", { className: "quiet", textContent: "None yet." }));
  list.replaceChildren(...items);
}

export function drawEvents(events) {
  const items = events.map((event) => {
    const at = new Date(event.at * 1000);
    return element(
      "li",
      {},
      element("time", { dateTime: at.toISOString(), textContent: at.toLocaleTimeString("en-GB") }),
      `${event.event.replaceAll("_", " ")} ${event.text}`,
    );
  });
  document.getElementById("events").replaceChildren(...items);
}
