// Colours: those of the style sheet as they are now, a ramp for load, one for each node.

const known = new Map();

export function css(name) {
  if (!known.has(name)) known.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return known.get(name);
}

// To be called when they have changed.
export function forgetColours() {
  known.clear();
}

// Colour of a node's load: idle to its threshold; the caller gives 0 to 1.
export function ramp(share) {
  const [from, to] = [parse(css("idle")), parse(css("high"))];
  return mix(from, to, Math.max(0, Math.min(1, share)));
}

function mix(from, to, share) {
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * share)).join(",")})`;
}

function parse(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// Told apart by people with the common colour-vision deficiencies too (after Okabe and Ito, darkened
// so that white text on them can be read).
const NODES = ["#0b62c4", "#b34700", "#00735c", "#8a3d85", "#7a6000", "#a8223f", "#2c6f8a", "#555e68"];

export const COLOURS = NODES.length;

export function nodeColour(names, name) {
  return NODES[names.indexOf(name) % NODES.length];
}

// The same for a thin line, which on a dark ground must be lighter to be seen.
export function lineColour(names, name) {
  const share = Number(css("lines-lighter"));
  return mix(parse(nodeColour(names, name)), [255, 255, 255], share);
}
