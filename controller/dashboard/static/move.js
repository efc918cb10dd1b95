// A move: its plan is shown first, then it may be started. The checks are the management entity's.

import { element } from "./text.js";

const HEADER = "X-Hitless-Token";

// The token comes behind the # of the URL, which no server ever sees, and is kept for this tab.
function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token") ?? "";
}

async function act(command, body) {
  const response = await fetch(`/do/${command}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", [HEADER]: token() },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.fault.message);
  return answer;
}

export class MoveForm {
  constructor(form) {
    token();
    this.form = form;
    this.plan = document.getElementById("plan");
    this.answer = document.getElementById("answer");
    this.request = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    form.addEventListener("input", () => this.discard());
    document.getElementById("start").addEventListener("click", () => this.start());
    document.getElementById("discard").addEventListener("click", () => this.discard());
  }

  // Keeps the choices up to date, and what is chosen.
  offer(picture) {
    const names = picture.nodes.map((node) => node.name);
    this.fill("function", Object.keys(picture.functions));
    this.fill("source", names);
    this.fill("destination", names, names[1]);
  }

  setSource(name) {
    this.form.elements.source.value = name;
    this.discard();
  }

  fill(name, values, first = values[0]) {
    const select = this.form.elements[name];
    if ([...select.options].map((option) => option.value).join("\n") === values.join("\n")) return;
    const before = select.value;
    select.replaceChildren(...values.map((value) => element("option", { value, textContent: value })));
    select.value = values.includes(before) ? before : first;
  }

  async ask() {
    const request = Object.fromEntries([...new FormData(this.form)].filter(([, value]) => value !== ""));
    await this.attempt(async () => {
      const { plan } = await act("migrate", { ...request, dry_run: true });
      this.request = request;
      document.getElementById("explanation").replaceChildren(
        ...plan.explanation.map((text) => element("li", { textContent: text })),
      );
      this.plan.hidden = false;
      document.getElementById("start").focus();
    });
  }

  async start() {
    const request = this.request;
    this.discard();
    await this.attempt(async () => {
      const { id } = await act("migrate", request);
      this.answer.textContent = `migration ${id} is under way`;
    });
  }

  discard() {
    this.request = null;
    this.plan.hidden = true;
    this.answer.textContent = "";
  }

  async attempt(work) {
    this.answer.textContent = "";
    this.answer.className = "";
    try {
      await work();
    } catch (error) {
      this.answer.textContent = error.message;
      this.answer.className = "bad";
    }
  }
}
