// Values over time: a line for each of those with the highest peaks, with the others' mean.

import uPlot from "/lib/uplot.mjs";
import { COLOURS, css, nodeColour } from "./colours.js";

const SAMPLES = 600;
const LINES = 8;

export class Chart {
  // none: shown while there is nothing; digits: how exact values are shown; least: of the scale's top.
  constructor(place, none, { digits, least }) {
    Object.assign(this, { place, none, digits, least, at: [], values: {}, names: [], chart: null });
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(place);
  }

  reset({ at, values }) {
    this.at = at;
    this.values = values;
    this.redraw();
  }

  // names: all that have colours of their own.
  add({ at, values }, names) {
    this.names = names;
    this.at.push(at);
    for (const name of new Set([...Object.keys(this.values), ...Object.keys(values)])) {
      const line = (this.values[name] ??= Array(this.at.length - 1).fill(null));
      line.push(values[name] ?? null);
      if (line.length > SAMPLES) line.shift();
    }
    if (this.at.length > SAMPLES) this.at.shift();
    this.update();
  }

  // Those that get a line of their own: those with the highest peaks.
  shown() {
    const peak = (name) => Math.max(0, ...this.values[name].filter((value) => value != null));
    return Object.keys(this.values).sort((a, b) => peak(b) - peak(a)).slice(0, LINES).sort();
  }

  data(shown) {
    const others = Object.keys(this.values).filter((name) => !shown.includes(name));
    const sum = (i) => others.reduce((soFar, name) => soFar + (this.values[name][i] ?? 0), 0);
    const rest = this.at.map((_, i) => sum(i) / others.length);
    return [this.at, ...shown.map((name) => this.values[name]), ...(others.length ? [rest] : [])];
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
    this.none.hidden = this.at.length > 0;
    if (!this.at.length) return;
    const axis = { stroke: css("quiet"), grid: { stroke: css("line") }, ticks: { stroke: css("line") } };
    const data = this.data(this.lines);
    const plain = { points: { show: false }, value: (_, value) => this.written(value) };
    const coloured = this.names.length && this.names.length <= COLOURS ? this.names : this.lines;
    const series = this.lines.map((name) => ({
      label: name, stroke: nodeColour(coloured, name), width: 2, ...plain,
    }));
    if (data.length > series.length + 1) {
      series.push({ label: "others, mean", stroke: css("quiet"), dash: [4, 4], ...plain });
    }
    this.chart = new uPlot(
      {
        ...this.size(),
        series: [{ value: "{HH}:{mm}:{ss}" }, ...series],
        axes: [axis, { ...axis, size: 70 }],
        scales: { y: { range: (_, low, high) => [0, Math.max(this.least, high * 1.1)] } },
      },
      data,
      this.place,
    );
  }

  written(value) {
    return value == null ? "–" : value.toLocaleString("en", { maximumFractionDigits: this.digits });
  }

  size() {
    return { width: Math.max(200, this.place.clientWidth), height: 200 };
  }
}
