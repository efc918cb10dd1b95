// The top of the page: the search for a node, and what the management entity does by itself.

import { natural, owner } from "./layout.js";
import { button, element, isUnderWay, tell } from "./text.js";

const PLAIN = { className: "plain" };

export class Search {
  // find(name): a node was chosen, by its name or by that of a host.
  constructor(input, find) {
    this.input = input;
    this.find = find;
    this.homes = new Map();
    input.addEventListener("change", () => this.look());
    input.addEventListener("input", () => input.setCustomValidity(""));
    // The key that leads here, pressed again.
    input.addEventListener("keydown", (event) => event.key === "/" && !input.value && event.preventDefault());
  }

  offer(picture) {
    this.homes = new Map([
      ...picture.hosts.map((host) => [host.name, owner(host.attached)]),
      ...picture.nodes.map((node) => [node.name, node.name]),
    ]);
    const names = [...this.homes.keys()].sort(natural);
    if (names.join("\n") === this.names) return;
    this.names = names.join("\n");
    this.input.list.replaceChildren(...names.map((value) => element("option", { value })));
  }

  look() {
    const text = this.input.value.trim().toLowerCase();
    if (!text) return;
    const names = [...this.homes.keys()].sort(natural);
    const name = names.find((one) => one.toLowerCase() === text) ?? names.find((one) => one.toLowerCase().startsWith(text));
    this.input.setCustomValidity(name ? "" : "no node or host begins so");
    this.input.reportValidity();
    if (!name) return;
    this.find(this.homes.get(name));
    this.input.value = "";
  }
}

// What moves just now, step by step; said once to who listens.
export function drawMoving({ migrations }) {
  tell("moving", migrations.filter(isUnderWay).map((one) => {
    const step = one.steps.find(({ state }) => state === "running")?.name ?? one.state;
    return `${one.function} ${one.slots}: ${one.from} → ${one.to}, ${step}`;
  }).join("; "));
}

export function drawScaling({ scaling }, acts) {
  const place = document.getElementById("scaling");
  const key = JSON.stringify(scaling);
  if (!scaling || place.dataset.key === key) return;
  place.dataset.key = key;
  const focused = place.contains(document.activeElement);
  const first = scaling.paused
    ? button("Resume …", () => acts.resume(scaling), PLAIN)
    : button("Pause …", () => acts.pause(scaling), PLAIN);
  place.replaceChildren(
    element("span", {
      className: scaling.paused ? "bad" : "quiet",
      textContent: `Automatic moves: ${scaling.paused ? "paused" : scaling.mode}`
        + (scaling.draining.length ? ` · drained: ${scaling.draining.join(" ")}` : ""),
    }),
    first,
    button("Gather idle …", () => acts.gather(), PLAIN),
  );
  if (focused) first.focus();
}
