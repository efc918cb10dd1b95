// What is known of the node or link that was chosen, and what can be done with it; and a tip of what
// the pointer is on.

import { owner } from "./layout.js";
import { linkId, traffic } from "./links.js";
import { button, element, milliseconds, number } from "./text.js";

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
    const mine = node ? linksOf(node, picture) : [];
    const key = JSON.stringify([chosen, rows, picture.scaling?.draining, mine]);
    if (key === this.key || this.card.matches(":active")) return; // not under a finger
    const sameThing = this.chosen === chosen;
    this.chosen = chosen;
    this.key = key;
    const focus = document.activeElement;
    const focused = focus !== this.card && this.card.contains(focus) ? focus.textContent : null;
    const listed = sameThing && this.card.querySelector("details")?.open;
    const title = node ? node.name : `${link.a} – ${link.b}`;
    const close = button("×", () => this.choose(null), { className: "plain", ariaLabel: `Close ${title}` });
    this.card.replaceChildren(
      element("header", {}, element("h3", { textContent: title }), close),
      element("dl", {}, ...rows.flatMap(([term, text]) => [
        element("dt", { textContent: term }), element("dd", { textContent: text }),
      ])),
      ...(node ? [this.buttons(node, picture), this.links(mine)] : []),
    );
    if (listed) this.card.querySelector("details").open = true;
    const same = [...this.card.querySelectorAll("button")].find((button) => button.textContent === focused);
    if (focused != null) (same ?? close).focus();
  }

  buttons(node, picture) {
    const drained = picture.scaling?.draining.includes(node.name);
    const offers = [
      drained
        ? button("Undrain …", () => this.acts.undrain(node.name))
        : button("Drain …", () => this.acts.drain(node.name)),
    ];
    if (Object.keys(node.enforces).length) {
      offers.unshift(
        button("Move from here", () => this.moveFrom(node.name)),
        button("Relieve …", () => this.acts.relieve(node.name)),
      );
    }
    return element("p", { className: "buttons" }, ...offers);
  }

  links(mine) {
    const items = mine.map(({ id, text, passing }) => element("li", {},
      button(text, () => this.choose(id), { className: "plain" }), element("span", { textContent: passing })));
    const summary = element("summary", { textContent: `${items.length} ${items.length === 1 ? "link" : "links"}` });
    return element("details", {}, summary, element("ul", {}, ...items));
  }

  // What the card covers of the picture's width; to be asked when it is shown.
  covers() {
    const { offsetLeft: from, offsetWidth: wide } = this.card;
    return [from, from + wide];
  }

  // For who has chosen something in a list: to what is known of it, and with leave() back again.
  enter() {
    if (!this.card.contains(document.activeElement)) this.before = document.activeElement;
    this.card.focus();
  }

  leave() {
    if (this.before && this.card.contains(document.activeElement)) this.before.focus();
    this.before = null;
  }

  // Beside the pointer, within the picture; nothing given: gone.
  point(picture, kind, id, at) {
    const found = kind === "node"
      ? picture.nodes.find((one) => one.name === id)
      : picture.links.find((one) => linkId(one) === id);
    this.tip.hidden = !found;
    if (!found) return;
    const rows = (kind === "node" ? nodeRows : linkRows)(found, picture).filter(([, text]) => text !== "–");
    this.tip.replaceChildren(
      element("strong", { textContent: kind === "node" ? id : `${found.a} – ${found.b}` }),
      ...rows.map(([term, text]) => element("div", { textContent: `${term}: ${text}` })),
    );
    const place = this.tip.parentElement.getBoundingClientRect();
    this.tip.style.left = `${Math.min(at.x + 14, place.width - this.tip.offsetWidth - 4)}px`;
    this.tip.style.top = `${Math.min(at.y + 14, place.height - this.tip.offsetHeight - 4)}px`;
  }
}

// A node's links: {id, text: from which port to where, passing}.
function linksOf(node, picture) {
  return picture.links.filter((link) => [owner(link.a), owner(link.b)].includes(node.name)).map((link) => {
    const [here, there] = owner(link.a) === node.name ? [link.a, link.b] : [link.b, link.a];
    const pps = traffic(link, picture);
    return {
      id: linkId(link),
      text: `${here.slice(here.lastIndexOf(":") + 1)} → ${there}`,
      passing: pps == null ? "" : `${number(pps)} packets/s`,
    };
  });
}

function nodeRows(node, picture) {
  const hosts = picture.hosts.filter((host) => owner(host.attached) === node.name);
  const outside = hosts.filter((host) => host.zone === "outside").length;
  const drained = picture.scaling?.draining.includes(node.name) ? ", drained" : "";
  const named = hosts.length > 4 ? hosts.length : hosts.map((host) => host.name).join(" ");
  const limit = node.high_pps == null ? "" : ` of ${number(node.high_pps)}`;
  return [
    ["State", (node.reason ? `${node.state}: ${node.reason}` : node.state) + drained],
    ["Program", node.program ?? "none"],
    ["Load", node.pps == null ? "–" : `${number(node.pps)}${limit} packets/s${node.stale ? " (old)" : ""}`],
    ["Echo to the ME", milliseconds(picture.latency?.echo_ms[node.name])],
    ["Enforces", Object.entries(node.enforces).map(([name, slots]) => `${name} ${slots}`).join("; ") || "–"],
    ["Hosts", hosts.length ? `${named}${outside ? `, ${outside} outside` : ""}` : "–"],
  ];
}

function linkRows(link, picture) {
  const pps = traffic(link, picture);
  const [there, back] = picture.latency?.lldp_ms[linkId(link)] ?? [];
  return [
    ["Passing, both ways", pps == null ? "not counted" : `${number(pps)} packets/s`],
    ["LLDP trip through the ME", there == null && back == null
      ? "not measured" : `→ ${milliseconds(there)}, ← ${milliseconds(back)}`],
  ];
}
