// What changes something: what it would do is shown first, then it may be done. The checks are the
// management entity's, as for the shell.

import { brief, element } from "./text.js";

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

async function send(command, body) {
  const response = await fetch(`/do/${command}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", [HEADER]: token() },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.fault.message);
  return answer;
}

// Whether the token that this tab has is the one that acting takes.
export async function mayAct() {
  const { ok } = await fetch("/token", { headers: { [HEADER]: token() } });
  return ok;
}

const SAID_MS = 8000;

export class Acts {
  constructor() {
    token();
    this.dialog = document.getElementById("plan");
    this.answer = document.getElementById("answer");
    this.said = document.getElementById("said");
    document.getElementById("heard").addEventListener("click", () => (this.said.textContent = ""));
    this.act = null;
    document.getElementById("start").addEventListener("click", () => this.start());
    document.getElementById("discard").addEventListener("click", () => this.dialog.close());
  }

  move(request) {
    const what = `Move ${request.function} from ${request.source} to ${request.destination}`;
    return this.planned(what, "Start the move", "migrate", request, ({ id }) => `Migration ${id} is under way.`);
  }

  drain(node) {
    const said = () => `${node} is being drained; it gets no slots until it is undrained.`;
    return this.planned(`Drain ${node}`, "Drain it", "drain", { node }, said);
  }

  relieve(node) {
    const request = { kind: "out", node };
    return this.planned(`Relieve ${node}`, "Move the slots", "scale", request, () => `${node} is being relieved.`);
  }

  gather() {
    const said = () => "Slots are being gathered.";
    return this.planned("Gather the slots of idle nodes", "Move the slots", "scale", { kind: "in" }, said);
  }

  undrain(node) {
    this.show(`Undrain ${node}`, "Undrain it", [
      `${node} may have slots again.`,
      "Nothing moves now; plans may use it from here on.",
    ], () => send("undrain", { node }), () => `${node} may have slots again.`);
  }

  pause({ mode }) {
    this.show("Pause automatic moves", "Pause", [
      "Nothing is moved because of load until it is resumed.",
      "A move under way goes on; operators' moves and drains, and take-overs from dead nodes, go on as well.",
      `The mode is “${mode}”${mode === "act" ? "." : ": nothing is moved because of load now either."}`,
    ], () => send("pause", {}), () => "Paused.");
  }

  resume({ mode }) {
    this.show("Resume automatic moves", "Resume", [
      mode === "act"
        ? "Load is acted on again: slots move by themselves from loaded nodes, and away from idle ones."
        : `The mode is “${mode}”: plans are not carried out by themselves.`,
    ], () => send("resume", {}), () => "Resumed.");
  }

  // Asks for a command's plan, and offers to have it carried out.
  async planned(title, button, command, request, said) {
    await this.attempt(async () => {
      const { plan } = await send(command, { ...request, dry_run: true });
      const nothing = command === "scale" && !plan.moves.length;
      this.show(title, button, [...plan.explanation, ...loads(plan)], () => send(command, request), said, nothing);
    });
  }

  show(title, button, explanation, act, said, nothing = false) {
    document.getElementById("plan-title").textContent = title;
    document.getElementById("explanation").replaceChildren(
      ...explanation.map((text) => element("li", { textContent: text })),
    );
    const start = document.getElementById("start");
    start.textContent = button;
    start.disabled = nothing;
    this.act = async () => {
      this.say(said(await act()));
    };
    if (!this.dialog.open) this.dialog.showModal();
    document.getElementById(nothing ? "discard" : "start").focus();
  }

  // For a while: what was begun is soon over. What went wrong stays until it is closed, or the next act.
  say(text) {
    this.said.textContent = text;
    clearTimeout(this.fading);
    this.fading = setTimeout(() => {
      if (this.said.textContent === text) this.said.textContent = "";
    }, SAID_MS);
  }

  async start() {
    const act = this.act;
    this.dialog.close();
    await this.attempt(act);
  }

  async attempt(work) {
    this.said.textContent = "";
    this.answer.className = "";
    try {
      await work();
    } catch (error) {
      this.said.textContent = error.message;
      this.answer.className = "bad";
    }
  }
}

// What a plan makes of the load of the nodes that it changes.
function loads({ before_pps: before = {}, after_pps: after = {} }) {
  return Object.entries(after)
    .filter(([node, pps]) => pps !== before[node])
    .map(([node, pps]) => `${node}: ${brief(before[node] ?? 0)} → ${brief(pps)} packets/s`);
}
