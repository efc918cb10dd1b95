// The network as a picture: hosts outside to the left, those inside to the right, moves as arrows.

import cytoscape from "/lib/cytoscape.mjs";
import { css, ramp } from "./colours.js";
import { isUnderWay, number } from "./text.js";

const STEP_MS = 60;

export class NetworkGraph {
  constructor(place, choose) {
    this.shape = "";
    this.view = cytoscape({ container: place, style: style(), minZoom: 0.1, maxZoom: 3 });
    this.view.on("tap", "node[kind = 'node']", (event) => choose(event.target.id()));
    new ResizeObserver(() => { this.view.resize(); this.view.fit(undefined, 20); }).observe(place);
    if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
      let offset = 0;
      setInterval(() => {
        const moves = this.view.edges(".move");
        if (moves.length) moves.style("line-dash-offset", (offset -= 2));
      }, STEP_MS);
    }
  }

  show(picture, chosen) {
    const shape = JSON.stringify([
      picture.nodes.map((node) => node.name), picture.links, picture.hosts.map((host) => [host.name, host.attached]),
    ]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.build(picture);
    }
    this.view.batch(() => {
      picture.nodes.forEach((node) => this.mark(node, picture, chosen));
      picture.links.forEach((link) => this.view.getElementById(linkId(link)).data("text", traffic(link, picture)));
      this.markMoves(picture);
    });
  }

  restyle() {
    this.view.style(style());
  }

  build(picture) {
    const names = new Set(picture.nodes.map((node) => node.name));
    const elements = [
      ...picture.nodes.map(({ name }) => ({
        data: { id: name, kind: "node", text: name, colour: css("down"), strong: 1 },
      })),
      ...picture.hosts.map((host) => ({ data: { id: host.name, kind: "host", zone: host.zone ?? "", text: host.name } })),
      ...picture.hosts
        .filter((host) => names.has(owner(host.attached)))
        .map((host) => ({ data: { id: `${host.name}~`, source: owner(host.attached), target: host.name, text: "" } })),
      ...picture.links.map((link) => ({ data: { id: linkId(link), source: owner(link.a), target: owner(link.b), text: "" } })),
    ];
    this.view.elements().remove();
    this.view.add(elements);
    const roots = picture.hosts.filter((host) => host.zone === "outside").map((host) => host.name);
    this.view.layout({
      name: "breadthfirst",
      roots: roots.length ? roots.map((name) => `#${CSS.escape(name)}`).join(",") : undefined,
      directed: false,
      fit: true,
      padding: 20,
      spacingFactor: 1.1,
      transform: (_, { x, y }) => ({ x: y * 1.7, y: x * 0.8 }),
    }).run();
  }

  mark(node, picture, chosen) {
    const shown = this.view.getElementById(node.name);
    const most = Math.max(1, ...picture.nodes.map((other) => other.pps ?? 0));
    const load = node.pps == null ? "" : `\n${number(node.pps)} pkt/s`;
    const slots = Object.entries(node.enforces).map(([name, text]) => `\n${name} ${text}`).join("");
    shown.data({
      text: node.name + load + slots,
      colour: node.state === "ready" ? ramp((node.pps ?? 0) / (node.high_pps ?? most)) : css("down"),
      strong: slots ? 3 : 1,
    });
    shown.toggleClass("chosen", node.name === chosen);
  }

  markMoves(picture) {
    const wanted = new Map(picture.migrations.filter(isUnderWay).map((m) => [`move-${m.id}`, m]));
    this.view.edges(".move").filter((edge) => !wanted.has(edge.id())).remove();
    for (const [id, move] of wanted) {
      const step = move.steps.find((one) => one.state === "running")?.name ?? move.state;
      const text = `${move.function} ${move.slots}: ${step}`;
      const edge = this.view.getElementById(id);
      if (edge.length) edge.data("text", text);
      else this.view.add({ data: { id, source: move.from, target: move.to, text }, classes: "move" });
    }
  }
}

function owner(end) {
  return end.slice(0, end.lastIndexOf(":"));
}

function linkId(link) {
  return `${link.a}=${link.b}`;
}

// What passes a link, both ways, as its two ends count it.
function traffic(link, picture) {
  const sent = [link.a, link.b].map((end) => {
    const node = picture.nodes.find((one) => one.name === owner(end));
    const rates = node?.ports?.[end.slice(end.lastIndexOf(":") + 1)];
    return rates == null ? null : rates[1];
  });
  return sent.every((pps) => pps == null) ? "" : number(sent.reduce((sum, pps) => sum + (pps ?? 0), 0));
}

function style() {
  const ink = css("ink");
  return [
    { selector: "node", style: {
      label: "data(text)", color: ink, "font-size": 11, "text-wrap": "wrap", "text-valign": "center",
      "text-halign": "center", "min-zoomed-font-size": 6, "border-color": css("quiet"), "border-width": 1,
    } },
    { selector: "node[kind = 'node']", style: {
      shape: "round-rectangle", width: 108, height: 54, "background-color": "data(colour)",
      "border-width": "data(strong)",
    } },
    { selector: "node[kind = 'host']", style: {
      shape: "ellipse", width: 40, height: 40, "background-color": css("card"), "border-width": 3,
    } },
    { selector: "node[zone = 'outside']", style: { "border-color": css("outside") } },
    { selector: "node[zone = 'inside']", style: { "border-color": css("inside") } },
    { selector: ".chosen", style: { "border-color": css("accent"), "border-width": 4 } },
    { selector: "edge", style: {
      width: 1.5, "line-color": css("line"), "curve-style": "bezier", label: "data(text)", color: css("quiet"),
      "font-size": 9, "min-zoomed-font-size": 6, "text-background-color": css("card"),
      "text-background-opacity": 0.85, "text-background-padding": 1,
    } },
    { selector: ".move", style: {
      width: 4, "line-color": css("accent"), "line-style": "dashed", "line-dash-pattern": [10, 6],
      "curve-style": "unbundled-bezier", "control-point-distances": [-60], "control-point-weights": [0.5],
      "target-arrow-shape": "triangle", "target-arrow-color": css("accent"), color: ink, "font-size": 12,
      "z-index": 10,
    } },
  ];
}
