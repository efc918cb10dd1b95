// What is known of the node or link that was chosen, and what can be done with it; and a tip of what
// the pointer is on.

import { owner } from "./layout.js";
import { linkId, traffic } from "./links.js";
import { element, milliseconds, number } from "./text.js";

export class Detail {
  constructor(card, tip, acts, { choose, moveFrom }) {
    Object.assign(this, { card, tip, acts, choose, moveFrom, key: "" });
  }

  show(picture, chosen) {
    const node = picture.nodes.find((one) => one.name === chosen);
    const link = picture.links.find((one) => linkId(one) === chosen);
    this.card.hidden = !node && !link;
    if (this.card.hidden) return;
    const rows = node ? nodeRows(node, picture) : linkRows(link, picture);
    const key = JSON.stringify([chosen, rows, picture.scaling?.draining]);
    if (key === this.key) return;
    this.key = key;
    const focused = this.card.contains(document.activeElement) ? document.activeElement.textContent : null;
    const title = node ? node.name : `${link.a} – ${link.b}`;
    const close = element("button", { type: "button", className: "plain", textContent: "×", ariaLabel: `Close ${title}` });
    close.addEventListener("click", () => this.choose(null));
    this.card.replaceChildren(
      element("header", {}, element("h3", { textContent: title }), close),
      element("dl", {}, ...rows.flatMap(([term, text]) => [
        element("dt", { textContent: term }), element("dd", { textContent: text }),
      ])),
      ...(node ? [this.buttons(node, picture), this.links(node, picture)] : []),
    );
    const same = [...this.card.querySelectorAll("button")].find((button) => button.textContent === focused);
    if (focused != null) (same ?? close).focus();
  }

  buttons(node, picture) {
    const drained = picture.scaling?.draining.includes(node.name);
    const offers = [
      ...(Object.keys(node.enforces).length ? [["Move from here", () => this.moveFrom(node.name)], ["Relieve …", () => this.acts.relieve(node.name)]] : []),
      drained ? ["Undrain …", () => this.acts.undrain(node.name)] : ["Drain …", () => this.acts.drain(node.name)],
    ];
    return element("p", { className: "buttons" }, ...offers.map(([text, act]) => {
      const button = element("button", { type: "button", textContent: text });
      button.addEventListener("click", act);
      return button;
    }));
  }

  links(node, picture) {
    const items = picture.links.filter((link) => [owner(link.a), owner(link.b)].includes(node.name)).map((link) => {
      const [mine, other] = owner(link.a) === node.name ? [link.a, link.b] : [link.b, link.a];
      const pps = traffic(link, picture);
      const button = element("button", { type: "button", className: "plain", textContent: `${mine.slice(mine.lastIndexOf(":") + 1)} → ${other}` });
      button.addEventListener("click", () => this.choose(linkId(link)));
      return element("li", {}, button, element("span", { textContent: pps == null ? "" : `${number(pps)} packets/s` }));
    });
    return element("details", {}, element("summary", { textContent: `${items.length} links` }), element("ul", {}, ...items));
  }

  // Beside the pointer, within the picture; nothing given: gone.
  point(picture, kind, id, at) {
    const found = kind === "node" ? picture.nodes.find((one) => one.name === id) : picture.links.find((one) => linkId(one) === id);
    this.tip.hidden = !found;
    if (!found) return;
    const rows = kind === "node" ? nodeRows(found, picture).filter(([, text]) => text !== "–") : linkRows(found, picture);
    this.tip.replaceChildren(
      element("strong", { textContent: kind === "node" ? id : `${found.a} – ${found.b}` }),
      ...rows.map(([term, text]) => element("div", { textContent: `${term}: ${text}` })),
    );
    const place = this.tip.parentElement.getBoundingClientRect();
    this.tip.style.left = `${Math.min(at.x + 14, place.width - this.tip.offsetWidth - 4)}px`;
    this.tip.style.top = `${Math.min(at.y + 14, place.height - this.tip.offsetHeight - 4)}px`;
  }
}

function nodeRows(node, picture) {
  const hosts = picture.hosts.filter((host) => owner(host.attached) === node.name);
  const outside = hosts.filter((host) => host.zone === "outside").length;
  const limit = node.high_pps == null ? "" : ` of ${number(node.high_pps)}`;
  return [
    ["State", (node.reason ? `${node.state}: ${node.reason}` : node.state) + (picture.scaling?.draining.includes(node.name) ? ", drained" : "")],
    ["Program", node.program ?? "none"],
    ["Load", node.pps == null ? "–" : `${number(node.pps)}${limit} packets/s${node.stale ? " (old)" : ""}`],
    ["Echo to the ME", milliseconds(picture.latency?.echo_ms[node.name])],
    ["Enforces", Object.entries(node.enforces).map(([name, slots]) => `${name} ${slots}`).join("; ") || "–"],
    ["Hosts", hosts.length ? `${hosts.length > 4 ? hosts.length : hosts.map((host) => host.name).join(" ")}${outside ? `, ${outside} outside` : ""}` : "–"],
  ];
}

function linkRows(link, picture) {
  const pps = traffic(link, picture);
  const [there, back] = picture.latency?.lldp_ms[linkId(link)] ?? [];
  return [
    ["Passing, both ways", pps == null ? "not counted" : `${number(pps)} packets/s`],
    ["LLDP trip through the ME", there == null && back == null ? "not measured" : `→ ${milliseconds(there)}, ← ${milliseconds(back)}`],
  ];
}
