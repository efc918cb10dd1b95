// Load over time: a line for each of the most loaded nodes, with the others' mean.

import uPlot from "/lib/uplot.mjs";
import { COLOURS, css, nodeColour } from "./colours.js";
import { number } from "./text.js";

const SAMPLES = 600;
const LINES = 8;

export class LoadChart {
  constructor(place, none) {
    this.place = place;
    this.none = none;
    this.at = [];
    this.pps = {};
    this.names = [];
    this.chart = null;
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(place);
  }

  reset({ at, pps }) {
    this.at = at;
    this.pps = pps;
    this.redraw();
  }

  add(picture) {
    const measured = picture.nodes.filter((node) => node.pps != null);
    this.names = picture.nodes.map((node) => node.name);
    this.none.hidden = measured.length > 0 || this.at.length > 0;
    if (!measured.length) return;
    this.at.push(picture.load_at);
    const now = Object.fromEntries(measured.map((node) => [node.name, node.pps]));
    for (const name of new Set([...Object.keys(this.pps), ...Object.keys(now)])) {
      const line = (this.pps[name] ??= Array(this.at.length - 1).fill(null));
      line.push(now[name] ?? null);
      if (line.length > SAMPLES) line.shift();
    }
    if (this.at.length > SAMPLES) this.at.shift();
    this.update();
  }

  // The nodes that get a line of their own: those with the highest peaks.
  shown() {
    const peak = (name) => Math.max(0, ...this.pps[name].filter((value) => value != null));
    return Object.keys(this.pps).sort((a, b) => peak(b) - peak(a)).slice(0, LINES).sort();
  }

  data(shown) {
    const others = Object.keys(this.pps).filter((name) => !shown.includes(name));
    const rest = this.at.map((_, i) => others.reduce((sum, name) => sum + (this.pps[name][i] ?? 0), 0) / others.length);
    return [this.at, ...shown.map((name) => this.pps[name]), ...(others.length ? [rest] : [])];
  }

  update() {
    const shown = this.shown();
    if (!this.chart || shown.join() !== this.lines.join()) this.redraw();
    else this.chart.setData(this.data(shown));
  }

  redraw() {
    this.chart?.destroy();
    this.chart = null;
    this.lines = this.shown();
    if (!this.at.length) return;
    const axis = { stroke: css("quiet"), grid: { stroke: css("line") }, ticks: { stroke: css("line") } };
    const data = this.data(this.lines);
    const series = this.lines.map((name) => ({
      label: name, stroke: nodeColour(this.names.length && this.names.length <= COLOURS ? this.names : this.lines, name), width: 2,
      points: { show: false },
      value: rounded,
    }));
    if (data.length > series.length + 1) series.push({ label: "others, mean", points: { show: false }, value: rounded, stroke: css("quiet"), dash: [4, 4] });
    this.chart = new uPlot(
      {
        ...this.size(),
        series: [{ value: "{HH}:{mm}:{ss}" }, ...series],
        axes: [axis, { ...axis, size: 70 }],
        scales: { y: { range: (_, low, high) => [0, Math.max(10, high * 1.1)] } },
      },
      data,
      this.place,
    );
  }

  size() {
    return { width: Math.max(200, this.place.clientWidth), height: 200 };
  }
}

function rounded(_, value) {
  return number(value);
}
