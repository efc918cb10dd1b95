// Values over the last minutes: a line for each of those with the highest peaks, with the others' mean.

import uPlot from "/lib/uplot.mjs";
import { COLOURS, css, lineColour } from "./colours.js";

const WINDOW_S = 300;
const LINES = 8;

export class Chart {
  // none: shown while there is nothing; unit: of the values; digits: how exact they are shown; least: of
  // the scale's top.
  constructor(place, none, { unit, digits, least }) {
    Object.assign(this, { place, none, unit, digits, least, at: [], values: {}, names: [], chart: null });
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(place);
  }

  reset({ at, values }) {
    this.at = at;
    this.values = values;
    this.forget();
    this.redraw();
  }

  // names: all that have colours of their own.
  add({ at, values }, names) {
    this.names = names;
    this.at.push(at);
    for (const name of new Set([...Object.keys(this.values), ...Object.keys(values)])) {
      (this.values[name] ??= Array(this.at.length - 1).fill(null)).push(values[name] ?? null);
    }
    this.forget();
    this.update();
  }

  // What is older than the time axis, and whatever has no value any more.
  forget() {
    const old = this.at.findIndex((at) => at >= this.at.at(-1) - WINDOW_S);
    if (old <= 0) return;
    this.at.splice(0, old);
    for (const [name, line] of Object.entries(this.values)) {
      line.splice(0, old);
      if (line.every((value) => value == null)) delete this.values[name];
    }
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

  // Beneath the lines stands what they are now, unless the pointer asks for another moment.
  tellLatest() {
    const pointed = this.chart?.cursor.left >= 0;
    if (this.chart && !pointed) this.chart.setLegend({ idx: this.at.length - 1 });
  }

  redraw() {
    this.chart?.destroy();
    this.chart = null;
    this.lines = this.shown();
    this.none.hidden = this.at.length > 0;
    if (!this.at.length) return;
    const line = { stroke: css("line"), width: 1 };
    const axis = { stroke: css("quiet"), grid: line, ticks: line };
    const data = this.data(this.lines);
    const plain = { points: { show: (chart) => chart.data[0].length < 5, size: 6 }, value: (_, value) => this.written(value) };
    const coloured = this.names.length && this.names.length <= COLOURS ? this.names : this.lines;
    const series = this.lines.map((name) => ({
      label: name, stroke: lineColour(coloured, name), width: 2, ...plain,
    }));
    if (data.length > series.length + 1) {
      series.push({ label: "others, mean", stroke: css("quiet"), dash: [4, 4], ...plain });
    }
    this.chart = new uPlot(
      {
        ...this.size(),
        series: [{ label: "Time", value: "{HH}:{mm}:{ss}" }, ...series],
        axes: [
          { ...axis, size: 32, space: 90, values: (_, moments) => moments.map(clock) },
          { ...axis, size: 60, label: this.unit, labelSize: 20 },
        ],
        scales: {
          x: { range: () => [this.at.at(-1) - WINDOW_S, this.at.at(-1)] },
          y: { range: (_, low, high) => [0, Math.max(this.least, high * 1.1)] },
        },
        cursor: { drag: { x: false, y: false } },
        hooks: { draw: [() => queueMicrotask(() => this.tellLatest())], setCursor: [() => this.tellLatest()] },
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

function clock(seconds) {
  return new Date(1000 * seconds).toLocaleTimeString("en-GB");
}
