// The network as a picture: nodes coloured by load, with their slots; links by what passes; moves as
// arrows. The further it is zoomed in, the more is written.

import cytoscape from "/lib/cytoscape.mjs";
import { css, ramp } from "./colours.js";
import { arrange, hostGroups, owner } from "./layout.js";
import { edges, fabric } from "./links.js";
import { style } from "./style.js";
import { isUnderWay } from "./text.js";
import { HOSTS_PX, label, lettering, strip } from "./tiles.js";

const STEP_MS = 60;
const MARGIN = 14;
const FIT_ZOOM = 1.8;
const LINKS_PX = 12;

export class NetworkGraph {
  // choose(kind, id): somebody wants a node or a link; hover(kind, id, {x, y}), or hover() for none.
  constructor(place, choose, hover) {
    this.place = place;
    this.shape = "";
    this.picture = null;
    this.chosen = null;
    this.moved = false;
    this.cables = new Map();  // from each port to the one that it was joined to last
    this.view = cytoscape({ container: place, style: style(), minZoom: 0.1, maxZoom: 5, autoungrabify: true });
    this.view.on("tap", "node[kind = 'node']", (event) => choose("node", event.target.id()));
    this.view.on("tap", "node[kind = 'hosts']", (event) => choose("node", event.target.data("home")));
    this.view.on("tap", "edge.link", (event) => choose("link", event.target.id()));
    this.view.on("mouseover", "node[kind = 'node'], edge.link", (event) =>
      hover(event.target.isNode() ? "node" : "link", event.target.id(), event.renderedPosition));
    this.view.on("mouseout dragpan", () => hover());
    this.view.on("zoom", () => this.letter());
    this.view.on("dragpan scrollzoom pinchzoom", () => (this.moved = true));
    place.addEventListener("keydown", (event) => this.steer(event));
    new ResizeObserver(() => this.resized()).observe(place);
    this.animate();
  }

  show(picture, chosen) {
    const shape = JSON.stringify([
      picture.nodes.map((node) => node.name), picture.links.map(({ a, b }) => [a, b]),
      picture.hosts.map((host) => [host.name, host.attached, host.zone]),
    ]);
    this.picture = picture;
    this.chosen = chosen;
    for (const { a, b } of picture.links) this.cables.set(a, b).set(b, a);
    if (shape !== this.shape) this.build();
    this.shape = shape;
    this.view.batch(() => {
      this.markNodes();
      this.markLinks();
      this.markMoves();
    });
  }

  restyle() {
    this.shape = "";
    this.view.style(style());
    if (this.picture) this.show(this.picture, this.chosen);
  }

  // What nobody has moved is arranged anew for its new place.
  resized() {
    const { width, height } = this.place.getBoundingClientRect();
    if (this.room === `${width} ${height}`) return;
    this.view.resize();
    if (!this.picture || this.moved) return;
    this.shape = "";
    this.show(this.picture, this.chosen);
  }

  fit() {
    if (!this.extent) return;
    this.moved = false;
    this.view.viewport(this.window());
  }

  // Zoom and pan that show all.
  window() {
    const { left, top, w, h } = this.extent;
    const { width, height } = this.place.getBoundingClientRect();
    const room = Math.min((width - 2 * MARGIN) / w, (height - 2 * MARGIN) / h);
    const zoom = Math.max(0.1, Math.min(FIT_ZOOM, room));
    return { zoom, pan: { x: width / 2 - zoom * (left + w / 2), y: height / 2 - zoom * (top + h / 2) } };
  }

  // Whether something is in the right half of what is seen.
  isRight(id) {
    const found = this.view.getElementById(id);
    return found.nonempty() && found.renderedBoundingBox().x1 > this.place.clientWidth / 2;
  }

  // Moves the picture as little as brings a node or link into sight beside the card, which covers
  // [from, to] of the width; its size stays as it is.
  reveal(id, [from, to]) {
    const found = this.view.getElementById(id);
    if (found.empty()) return;
    const { width, height } = this.place.getBoundingClientRect();
    const [left, right] = from > width - to ? [0, from] : [to, width];
    const { x1, x2, y1, y2 } = found.renderedBoundingBox({ includeOverlays: false });
    const pan = { x: shift(x1, x2, left, right), y: shift(y1, y2, 0, height) };
    if (!pan.x && !pan.y) return;
    this.moved = true;
    this.view.panBy(pan);
  }

  zoomBy(factor) {
    const { width, height } = this.place.getBoundingClientRect();
    this.moved = true;
    this.view.zoom({ level: this.view.zoom() * factor, renderedPosition: { x: width / 2, y: height / 2 } });
  }

  steer(event) {
    const pans = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (pans[event.key]) {
      this.moved = true;
      this.view.panBy({ x: pans[event.key][0], y: pans[event.key][1] });
    } else if (event.key === "+" || event.key === "=") this.zoomBy(1.3);
    else if (event.key === "-") this.zoomBy(1 / 1.3);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  build() {
    const { picture } = this;
    const groups = hostGroups(picture);
    const { width, height } = this.place.getBoundingClientRect();
    this.room = `${width} ${height}`;
    this.view.resize();
    // By links that are down as well: a node that has lost its own stays where it was.
    const names = new Set(picture.nodes.map((node) => node.name));
    const links = [...this.cables].map(([a, b]) => ({ a, b })).filter(({ a, b }) =>
      this.cables.get(b) === a && names.has(owner(a)) && names.has(owner(b)));
    const { size, places, frames } = arrange({ ...picture, links }, groups, width && height ? width / height : 1.6);
    this.size = size;
    this.extent = extent(places, size);
    if (!this.moved) this.view.viewport(this.window());
    this.letters = lettering(size, this.view.zoom());
    const shown = groups.filter((group) => places.has(group.id));
    const nodes = picture.nodes.map(({ name }) => ({
      data: { id: name, kind: "node", text: name, colour: css("down"), w: size.w, h: size.h, font: this.letters.font },
      position: places.get(name),
    }));
    const hosts = shown.map((group) => ({
      data: {
        ...size.hosts, font: this.hostsFont(), id: group.id, kind: "hosts", home: group.node, zone: group.zone,
        text: hostText(group),
      },
      position: places.get(group.id),
    }));
    const stubs = shown.map((group) => ({
      data: { id: `${group.id}~`, source: group.node, target: group.id, text: "", font: 1, width: 1.5, opacity: 0.8 },
    }));
    const beneath = [
      ...frames.map((frame, i) => [`frame ${i}`, "frame", frame]),
      ...[fabric(picture, places)].filter(Boolean).map((image) => ["fabric", "fabric", image]),
    ].map(([id, kind, box]) => ({ data: { id, kind, text: "", ...box }, position: box }));
    this.view.elements().remove();
    this.view.add([...beneath, ...nodes, ...hosts, ...stubs]);
  }

  // Chooses how much is written, when the zoom has changed that.
  letter() {
    if (!this.letters) return;
    const letters = lettering(this.size, this.view.zoom());
    if (this.letters.lines === letters.lines && Math.abs(this.letters.font / letters.font - 1) < 0.04) return;
    this.letters = letters;
    this.view.batch(() => {
      this.markNodes();
      this.view.edges(".link").forEach((link) => update(link, { font: this.linksFont() }, {}));
      this.view.nodes("[kind = 'hosts']").forEach((hosts) => update(hosts, { font: this.hostsFont() }, {}));
    });
  }

  hostsFont() {
    return Math.min(this.size.hosts.font, HOSTS_PX / this.view.zoom());
  }

  linksFont() {
    return Math.min(LINKS_PX, LINKS_PX / this.view.zoom());
  }

  markNodes() {
    const most = Math.max(1, ...this.picture.nodes.map((node) => node.pps ?? 0));
    for (const node of this.picture.nodes) {
      const ready = node.state === "ready";
      const marks = Object.keys(node.enforces).length ? strip(node, this.picture.functions, css("ink")) : {};
      update(this.view.getElementById(node.name), {
        text: label(node, this.letters),
        font: this.letters.font,
        colour: ready ? ramp((node.pps ?? 0) / (node.high_pps ?? most)) : css("down"),
        ...marks,
      }, {
        slots: Boolean(marks.image),
        chosen: node.name === this.chosen,
        down: !ready,
        drained: Boolean(this.picture.scaling?.draining.includes(node.name)),
      });
    }
  }

  markLinks() {
    const wanted = edges(this.picture, this.chosen);
    this.view.edges(".link").filter((edge) => !wanted.has(edge.id())).remove();
    for (const [id, { near, chosen, ...data }] of wanted) {
      let edge = this.view.getElementById(id);
      if (edge.empty()) edge = this.view.add({ classes: "link", data: { id, ...data } });
      update(edge, { ...data, font: this.linksFont() }, { near, chosen });
    }
  }

  markMoves() {
    const wanted = new Map(this.picture.migrations.filter(isUnderWay).map((m) => [`move-${m.id}`, m]));
    this.view.edges(".move").filter((edge) => !wanted.has(edge.id())).remove();
    for (const [id, move] of wanted) {
      if (this.view.getElementById(id).nonempty()) continue;
      this.view.add({ data: { id, source: move.from, target: move.to }, classes: "move" });
    }
  }

  animate() {
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    let offset = 0;
    setInterval(() => {
      const moves = this.view.edges(".move");
      if (moves.nonempty()) moves.style("line-dash-offset", (offset -= 2));
    }, STEP_MS);
  }
}

// How far what lies from one place to another is to go to lie within bounds, at its beginning at least.
function shift(from, to, least, most) {
  if (from < least + MARGIN) return least + MARGIN - from;
  return Math.min(0, Math.max(most - MARGIN - to, least + MARGIN - from));
}

function hostText(group) {
  return group.names.length === 1 ? group.names[0] : `${group.names.length} hosts`;
}

// What all of it takes, with what hangs beneath nodes.
function extent(places, size) {
  const [xs, ys] = ["x", "y"].map((axis) => [...places.values()].map((place) => place[axis]));
  const [left, top] = [Math.min(...xs) - size.w / 2, Math.min(...ys) - size.h / 2];
  return { left, top, w: Math.max(...xs) + size.w / 2 - left, h: Math.max(...ys) + size.h / 2 - top };
}

// Sets only what has changed: to set is to draw again.
function update(element, data, classes) {
  const before = element.data();
  if (Object.entries(data).some(([key, value]) => before[key] !== value)) element.data(data);
  for (const [name, on] of Object.entries(classes)) {
    if (element.hasClass(name) !== on) element.toggleClass(name, on);
  }
}
