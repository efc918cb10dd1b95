// Links as they are drawn. A few are edges, each with what passes it. Of many only those that matter
// now are: the busiest, and those of what was chosen; all of them together are one faint image
// beneath, since a thousand edges can neither be told apart nor drawn quickly.

import { css } from "./colours.js";
import { owner } from "./layout.js";
import { brief } from "./text.js";

const EDGES = 300;
const NUMBERED = 16;
const BUSIEST = 12;
const BUSY_SHARE = 0.6;

export function linkId(link) {
  return `${link.a}=${link.b}`;
}

// What passes a link, both ways, as its two ends count it, packets/s; null: nobody counts.
export function traffic(link, picture) {
  const sent = [link.a, link.b].map((end) =>
    picture.load[owner(end)]?.ports?.[end.slice(end.lastIndexOf(":") + 1)]?.[1]);
  return sent.every((pps) => pps == null) ? null : sent.reduce((sum, pps) => sum + (pps ?? 0), 0);
}

// By id what the edges are to be: {source, target, text, width, opacity, near, chosen}.
export function edges(picture, chosen) {
  const all = picture.links.map((link) => ({ link, pps: traffic(link, picture) }));
  const sorted = all.map(({ pps }) => pps ?? 0).sort((a, b) => b - a);
  const most = Math.max(1, sorted[0] ?? 0);
  const bound = all.length <= EDGES ? -1 : Math.max(most * BUSY_SHARE, sorted[BUSIEST]);
  const few = all.length <= NUMBERED;
  const close = picture.links.filter((link) => [owner(link.a), owner(link.b)].includes(chosen)).length <= NUMBERED / 2;
  const found = new Map();
  for (const { link, pps } of all) {
    const id = linkId(link);
    const ends = [owner(link.a), owner(link.b)];
    const near = ends.includes(chosen);
    if ((pps ?? 0) <= bound && !near && id !== chosen) continue;
    const share = Math.round((10 * (pps ?? 0)) / most) / 10;
    found.set(id, {
      source: ends[0], target: ends[1],
      text: pps != null && (few || (near && close) || id === chosen) ? `${brief(pps)}/s` : "",
      width: 1.2 + 2 * share, opacity: few ? 0.4 + 0.5 * share : 0.14 + 0.46 * share ** 3, near, chosen: id === chosen,
    });
  }
  return found;
}

// All links as one image behind the nodes: {x, y, w, h, image}; null where each is an edge.
export function fabric(picture, places) {
  if (picture.links.length <= EDGES) return null;
  const points = [...places.values()];
  const [left, top] = [Math.min(...points.map((p) => p.x)), Math.min(...points.map((p) => p.y))];
  const [w, h] = [Math.max(...points.map((p) => p.x)) - left, Math.max(...points.map((p) => p.y)) - top];
  const lines = new Map();
  for (const { a, b } of picture.links) {
    const [from, to] = [places.get(owner(a)), places.get(owner(b))];
    if (!from || !to) continue;
    const line = `M${Math.round(from.x - left)} ${Math.round(from.y - top)}L${Math.round(to.x - left)} ${Math.round(to.y - top)}`;
    lines.set(owner(b), (lines.get(owner(b)) ?? "") + line);
  }
  const opacity = Math.max(0.05, Math.min(0.3, 60 / picture.links.length));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * w}" height="${2 * h}" viewBox="0 0 ${w} ${h}" `
    + `stroke="${css("quiet")}" stroke-opacity="${opacity}" fill="none">`
    + `${[...lines.values()].map((d) => `<path d="${d}"/>`).join("")}</svg>`;
  return { x: left + w / 2, y: top + h / 2, w, h, image: `data:image/svg+xml;utf8,${encodeURIComponent(svg)}` };
}
