// What is written and drawn on a node: as many lines as there is room for, and a strip of its slots.

import { brief, slotNumbers } from "./text.js";

const LINE = 1.22;
const WIDTH = 0.58;
const FONT_PX = { least: 8.5, usual: 11, most: 15 };
export const HOSTS_PX = 11.5;
const STRIP = 5;

// How labels are at a zoom: lines and letters in a line that a box has room for, and the size of
// letters in its units.
export function lettering(size, zoom) {
  const room = size.h * zoom - 6;
  if (size.w * zoom < 34 || room < 9) return { lines: 0, letters: 0, font: 1 };
  const usual = Math.min(FONT_PX.usual, Math.max(FONT_PX.least, (size.w * zoom) / 5.6));
  const lines = Math.max(1, Math.min(4, Math.floor((room - 6) / (usual * LINE))));
  const px = Math.max(usual, Math.min(FONT_PX.most, (room - 6) / (lines * LINE), (size.w * zoom) / 9));
  return { lines, letters: Math.floor((size.w * zoom - 4) / (px * WIDTH)), font: px / zoom };
}

// Of a node the most important first; what there is no line for is on its tip and in its details.
export function label(node, { lines, letters }) {
  const load = node.pps == null ? null : `${brief(node.pps)} pkt/s`;
  const slots = Object.entries(node.enforces).map(([name, text]) => `${name} ${text}`);
  const state = node.state === "ready" ? null : node.state;
  return [node.name, state ?? load, ...slots].filter(Boolean).slice(0, lines)
    .map((line) => (line.length > letters ? `${line.slice(0, letters - 1)}…` : line)).join("\n");
}

const drawn = new Map();

// Slots that a node enforces, as an image: a row for each of its functions, a mark for each slot.
export function strip(node, functions, ink) {
  const names = Object.keys(node.enforces);
  const key = JSON.stringify([names.map((name) => [node.enforces[name], functions[name]?.slots]), ink]);
  if (!drawn.has(key)) {
    const rows = names.map((name, y) => {
      const mine = new Set(slotNumbers(node.enforces[name]));
      return Array.from({ length: functions[name]?.slots ?? 0 }, (_, slot) =>
        `<rect x="${slot * 6}" y="${y * 7}" width="5" height="5" rx="1" fill-opacity="${mine.has(slot) ? 1 : 0.14}"/>`,
      ).join("");
    });
    const wide = Math.max(1, ...names.map((name) => functions[name]?.slots ?? 0)) * 6 - 1;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${wide * 2}" height="${names.length * 14}" `
      + `viewBox="0 0 ${wide} ${names.length * 7 - 2}" preserveAspectRatio="none" fill="${ink}">${rows.join("")}</svg>`;
    drawn.set(key, `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`);
  }
  const high = names.length * STRIP + (names.length - 1) * 2;
  return { image: drawn.get(key), high, rise: -high / 2 - 1 };
}
