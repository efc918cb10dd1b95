// The form for a move: from nodes that enforce the function's slots, to nodes that could.

import { natural } from "./layout.js";
import { element } from "./text.js";

export class MoveForm {
  constructor(form, acts) {
    this.form = form;
    this.functions = {};
    this.drained = [];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      acts.move(Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== "")));
    });
    form.addEventListener("change", () => this.fillAll());
  }

  // Keeps the choices up to date, and what is chosen where it still will do.
  offer(picture) {
    this.functions = picture.functions;
    this.drained = picture.scaling?.draining ?? [];
    this.fillAll();
  }

  // Of a node that enforces something: a move from it.
  setSource(name) {
    const mine = Object.keys(this.functions).filter((one) => name in this.functions[one].placement);
    const chosen = this.form.elements.function;
    if (!mine.length) return;
    if (!mine.includes(chosen.value)) chosen.value = mine[0];
    this.fillAll();
    this.form.elements.source.value = name;
    this.fillAll();
  }

  focus() {
    this.form.elements.destination.focus();
  }

  fillAll() {
    const { function: chosen, source } = this.form.elements;
    this.fill("function", Object.keys(this.functions));
    const { placement = {}, able = [] } = this.functions[chosen.value] ?? {};
    this.fill("source", Object.keys(placement).sort(natural), (name) => `${name}: ${placement[name]}`);
    this.fill("destination", able.filter((name) => name !== source.value && !this.drained.includes(name)).sort(natural));
  }

  fill(name, values, written = String) {
    const select = this.form.elements[name];
    const texts = values.map(written);
    select.disabled = !values.length;
    if ([...select.options].map((option) => option.text).join("\n") === texts.join("\n")) return;
    const before = select.value;
    select.replaceChildren(...values.map((value, i) => element("option", { value, textContent: texts[i] })));
    if (values.includes(before)) select.value = before;
  }
}
