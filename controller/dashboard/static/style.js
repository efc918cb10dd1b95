// How the network is drawn, for cytoscape.

import { css } from "./colours.js";

export function style() {
  const ink = css("ink");
  const quiet = css("quiet");
  const accent = css("accent");
  return [
    { selector: "node", style: {
      label: "data(text)", color: ink, "text-valign": "center", "text-halign": "center", "border-color": quiet,
      "border-width": 1, "text-wrap": "wrap", "text-max-width": 1000, "line-height": 1.15, "font-family": "system-ui, sans-serif",
    } },
    { selector: "node[kind = 'frame']", style: {
      shape: "round-rectangle", width: "data(w)", height: "data(h)", "background-color": css("paper"),
      "border-color": css("line"), events: "no", "z-index": 0, "z-index-compare": "manual",
    } },
    { selector: "node[kind = 'fabric']", style: {
      shape: "rectangle", width: "data(w)", height: "data(h)", "background-opacity": 0, "border-width": 0,
      "background-image": "data(image)", "background-width": "100%", "background-height": "100%", events: "no",
      "z-index": 0, "z-index-compare": "manual", "background-clip": "none", "bounds-expansion": 0,
    } },
    { selector: "node[kind = 'node']", style: {
      shape: "round-rectangle", width: "data(w)", height: "data(h)", "background-color": "data(colour)",
      "font-size": "data(font)", "z-index": 3, "z-index-compare": "manual",
    } },
    { selector: "node.slots", style: {
      "background-image": "data(image)", "background-width": "88%", "background-height": "data(high)",
      "background-position-y": "94%", "background-clip": "node", "border-color": ink, "border-width": 2,
      "text-margin-y": "data(rise)",
    } },
    { selector: "node.down", style: { "border-color": css("bad"), "border-width": 2, "border-style": "dashed" } },
    { selector: "node.drained", style: { "border-style": "double", "border-width": 4 } },
    { selector: "node[kind = 'hosts']", style: {
      shape: "round-rectangle", width: "data(w)", height: "data(h)", "background-color": css("card"),
      "border-width": 1.5, "font-size": "data(font)", "z-index": 2, "z-index-compare": "manual", "min-zoomed-font-size": 6,
    } },
    { selector: "node[zone = 'outside']", style: { "border-color": css("outside") } },
    { selector: "node[zone = 'inside']", style: { "border-color": css("inside") } },
    { selector: "edge[text]", style: {
      width: "data(width)", "line-color": quiet, "line-opacity": "data(opacity)", "curve-style": "straight",
      label: "data(text)", color: quiet, "font-size": "data(font)", "min-zoomed-font-size": 7, "z-index": 1,
      "z-index-compare": "manual", "text-background-color": css("card"), "text-background-opacity": 0.9,
      "text-background-padding": 2,
    } },
    { selector: "edge.near", style: { "line-color": accent, "line-opacity": 0.9, width: 2 } },
    { selector: "edge.chosen", style: { "line-color": accent, "line-opacity": 1, width: 4 } },
    { selector: "node.chosen", style: { "border-color": accent, "border-width": 4, "border-style": "solid" } },
    { selector: ".move", style: {
      width: 4, "line-color": accent, "line-opacity": 1, "line-style": "dashed", "line-dash-pattern": [10, 6],
      "curve-style": "unbundled-bezier", "control-point-distances": [-24], "control-point-weights": [0.5],
      "target-arrow-shape": "triangle", "target-arrow-color": accent, "z-index": 10, "z-index-compare": "manual",
    } },
  ];
}
