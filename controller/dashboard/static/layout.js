// Where things are drawn: pure. A few nodes stand in columns from the hosts outside to those inside;
// many stand in tiers by how far hosts are: those furthest in a row on top, and beneath them what
// they join (pods, or single leaves), packed so that all is as large as the place allows.

const FEW_NODES = 12;
const SOME_NODES = 40;
const FEW_HOSTS = 12;
const SIZES = {
  few: { w: 124, h: 74, hosts: { w: 52, h: 24, font: 12 } },
  some: { w: 92, h: 46, hosts: { w: 60, h: 18, font: 12 } },
  many: { w: 62, h: 35, hosts: { w: 56, h: 17, font: 12 } },
};
const GAP = { x: 8, y: 12 };
const TOP_GAP = { least: 44, most: 120 };
const LOOSE = 28;
const CROWDED = 0.65;
// Nodes on top in more than one row hide each other's links: worth it only if all is so much larger.

export const natural = (a, b) => a.localeCompare(b, "en", { numeric: true });

export function owner(end) {
  return end.slice(0, end.lastIndexOf(":"));
}

// Hosts as they are drawn: one by one, or as many as are attached to a node.
export function hostGroups(picture) {
  const groups = new Map();
  const apart = picture.hosts.length <= FEW_HOSTS;
  for (const host of picture.hosts) {
    const node = owner(host.attached);
    const id = apart ? `host ${host.name}` : `hosts ${node} ${host.zone ?? ""}`;
    if (!groups.has(id)) groups.set(id, { id, node, zone: host.zone ?? "", names: [] });
    groups.get(id).names.push(host.name);
  }
  return [...groups.values()];
}

// {size, places: name or group's id to {x, y}, frames: [{x, y, w, h}]} for a place of width / height.
export function arrange(picture, groups, aspect) {
  const names = picture.nodes.map((node) => node.name).sort(natural);
  const joined = new Map(names.map((name) => [name, new Set()]));
  for (const { a, b } of picture.links) {
    joined.get(owner(a))?.add(owner(b));
    joined.get(owner(b))?.add(owner(a));
  }
  const attached = groups.filter((group) => joined.has(group.node));
  const few = names.length <= FEW_NODES;
  return (few ? columns : tiers)(names, joined, attached, aspect);
}

// Steps from any of the sources to each name; those that cannot be reached count as sources.
function distances(names, joined, sources) {
  const found = new Map(sources.map((name) => [name, 0]));
  const queue = [...found.keys()];
  for (let at = 0; at < queue.length; at += 1) {
    for (const next of joined.get(queue[at])) {
      if (!found.has(next) && joined.has(next)) {
        found.set(next, found.get(queue[at]) + 1);
        queue.push(next);
      }
    }
  }
  return new Map(names.map((name) => [name, found.get(name) ?? 0]));
}

function layers(names, depth) {
  const rows = [];
  for (const name of names) (rows[depth.get(name)] ??= []).push(name);
  return rows.map((row) => row ?? []);
}

function columns(names, joined, groups) {
  const size = SIZES.few;
  const outside = groups.filter((group) => group.zone === "outside").map((group) => group.node);
  const nodes = layers(names, distances(names, joined, outside.length ? outside : names.slice(0, 1)));
  const left = groups.filter((group) => group.zone === "outside");
  const right = groups.filter((group) => group.zone !== "outside");
  const rank = new Map(names.map((name, i) => [name, i]));
  const hosts = [left, right].map((side) =>
    side.sort((a, b) => rank.get(a.node) - rank.get(b.node)).map((group) => group.id));
  const places = new Map();
  [hosts[0], ...nodes, hosts[1]].forEach((column, x) => column.forEach((name, y) => places.set(name, {
    x: x * (size.w + 64), y: (y - (column.length - 1) / 2) * (size.h + 52),
  })));
  return { size, places, frames: [] };
}

function tiers(names, joined, groups, aspect) {
  const size = names.length <= SOME_NODES ? SIZES.some : SIZES.many;
  const ends = groups.length ? groups.map((group) => group.node) : names.slice(0, 1);
  const depth = distances(names, joined, ends);
  const rows = layers(names, depth);
  const top = rows.length > 1 ? rows.at(-1) : [];
  const below = new Set(names.filter((name) => !top.includes(name)));
  const blocks = pods(below, joined).map((pod) => layers(pod, depth).reverse().filter((row) => row.length));
  const cell = { w: size.w + GAP.x, h: size.h + GAP.y };
  const wide = Math.max(...blocks.map((block) => Math.max(...block.map((row) => row.length))));
  const high = Math.max(...blocks.map((block) => block.length));
  const pad = high > 1 || wide > 1 ? GAP.x : 0;
  const frame = { w: wide * cell.w - GAP.x + 2 * pad, h: high * cell.h - GAP.y + size.hosts.h + 1 + 2 * pad };
  const block = { w: frame.w + GAP.x, h: frame.h + GAP.y };
  const across = bestColumns(blocks.length, block, top.length, cell, aspect);
  const width = Math.max(across * block.w, cell.w);
  const topRows = Math.ceil(top.length / Math.max(1, Math.floor(width / cell.w)));
  const lines = grid(blocks, across);
  const spare = width / aspect - topRows * cell.h - lines.length * block.h;
  const gap = Math.min(TOP_GAP.most, Math.max(TOP_GAP.least, spare));
  const pitch = block.h + Math.max(0, Math.min(LOOSE, (spare - gap) / lines.length));
  const start = topRows ? topRows * cell.h + gap : 0;
  const places = new Map();
  grid(top, Math.ceil(top.length / topRows)).forEach((row, y) =>
    row.forEach((name, x) => places.set(name, { x: ((x + (y % 2 ? 1 : 0.5)) * width) / row.length, y: y * cell.h })));
  const frames = [];
  lines.forEach((line, y) => line.forEach((pod, x) => {
    const first = { x: (x + 0.5) * block.w, y: start + y * pitch };
    if (pad) frames.push({ x: first.x, y: first.y + (frame.h - size.h) / 2 - pad, ...frame });
    pod.forEach((row, depthInPod) => row.forEach((name, i) => places.set(name, {
      x: first.x + (i - (row.length - 1) / 2) * cell.w, y: first.y + depthInPod * cell.h,
    })));
  }));
  hang(groups, places, size);
  return { size, places, frames };
}

// Groups of nodes that are joined below the top, by the name of their first.
function pods(below, joined) {
  const left = new Set(below);
  const found = [];
  for (const first of below) {
    if (!left.has(first)) continue;
    const pod = [first];
    left.delete(first);
    for (let at = 0; at < pod.length; at += 1) {
      for (const next of joined.get(pod[at])) if (left.delete(next)) pod.push(next);
    }
    found.push(pod.sort(natural));
  }
  return found;
}

// How many blocks in a row make the picture largest.
function bestColumns(count, block, top, cell, aspect) {
  let best = { scale: 0, across: 1 };
  for (let across = 1; across <= count; across += 1) {
    const width = across * block.w;
    const topRows = Math.ceil(top / Math.max(1, Math.floor(width / cell.w)));
    const height = topRows * cell.h + (topRows ? TOP_GAP.least : 0) + Math.ceil(count / across) * block.h;
    const scale = Math.min(aspect / width, 1 / height) * (topRows > 1 ? CROWDED : 1);
    if (scale > best.scale) best = { scale, across };
  }
  return best.across;
}

function grid(items, across) {
  return Array.from({ length: Math.ceil(items.length / across) }, (_, i) => items.slice(i * across, (i + 1) * across));
}

// Hosts beneath their node, side by side where there are some of both zones.
function hang(groups, places, size) {
  const beside = new Map();
  for (const group of groups) beside.set(group.node, [...(beside.get(group.node) ?? []), group]);
  for (const [node, all] of beside) {
    const at = places.get(node);
    all.forEach((group, i) => places.set(group.id, {
      x: at.x + (i - (all.length - 1) / 2) * size.hosts.w, y: at.y + (size.h + size.hosts.h) / 2 + 1,
    }));
  }
}
