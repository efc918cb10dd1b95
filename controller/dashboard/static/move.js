// The form for a move.

import { natural } from "./layout.js";
import { element } from "./text.js";

export class MoveForm {
  constructor(form, acts) {
    this.form = form;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      acts.move(Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== "")));
    });
  }

  // Keeps the choices up to date, and what is chosen.
  offer(picture) {
    const names = picture.nodes.map((node) => node.name).sort(natural);
    const functions = Object.keys(picture.functions);
    const owner = Object.keys(picture.functions[functions[0]]?.placement ?? {})[0] ?? names[0];
    this.fill("function", functions);
    this.fill("source", names, owner);
    this.fill("destination", names, names.find((name) => name !== owner));
  }

  setSource(name) {
    this.form.elements.source.value = name;
  }

  focus() {
    this.form.elements.destination.focus();
  }

  fill(name, values, first = values[0]) {
    const select = this.form.elements[name];
    if ([...select.options].map((option) => option.value).join("\n") === values.join("\n")) return;
    const before = select.value;
    select.replaceChildren(...values.map((value) => element("option", { value, textContent: value })));
    select.value = values.includes(before) ? before : first;
  }
}
