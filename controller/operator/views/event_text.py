"""Events as one line each: when, what kind, and what it is about.

Choices: kinds with much in them have a sentence of their own; of any other kind all that it says is
shown, so that events which are added later are not silent here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.operator.tables import Page
from controller.operator.views import text

Event = Mapping[str, Any]

KIND_WIDTH = 20
HANGING = 4


def event_line(event: Event, page: Page) -> str:
    """Return the line of an event, or its lines where one does not fit the page."""
    kind = event["event"].ljust(KIND_WIDTH)
    when = text.clock(event["at"]) if "at" in event else "-"
    lines = "\n".join(page.wrap(f"{when}  {kind}  {event_text(event)}".rstrip(), HANGING))
    return lines.replace(kind, page.paint(kind, "title"), 1)


def event_text(event: Event) -> str:
    """Return what an event is about, without its time and kind."""
    return _SENTENCES.get(event["event"], _anything)(event)


def _anything(event: Event) -> str:
    said = {key: _brief(value) for key, value in event.items() if key not in ("event", "at")}
    return text.details({key: value for key, value in said.items() if value not in ("", None)})


def _brief(value: Any) -> Any:
    """Return a value, or of one that is not plain how much it holds."""
    if isinstance(value, Mapping):
        plain = all(not isinstance(item, Mapping | list) for item in value.values())
        return text.details(value) if plain else f"({len(value)})"
    if isinstance(value, list):
        plain = all(not isinstance(item, Mapping | list) for item in value)
        return " ".join(map(str, value)) if plain else f"({len(value)})"
    return f"{value:.1f}" if isinstance(value, float) else value


def _node(event: Event) -> str:
    return f"{event['node']}: {event['reason']}" if event["reason"] else event["node"]


def _placement(event: Event) -> str:
    functions = event["placement"]["functions"]
    return "; ".join(
        f"{name}: " + (text.details(function["placement"]) or "nowhere")
        for name, function in functions.items()
    )


def _migration(event: Event) -> str:
    record = event["migration"]
    return (
        f"{record['id']}: {record['function']}, slots {record['slots']}, {record['from']} to"
        f" {record['to']}, {record['state']}"
        + (f": {record['reason']}" if record["reason"] else "")
    )


def _step(event: Event) -> str:
    record = event["migration"]
    begun = [step for step in record["steps"] if step["state"] != "pending"]
    if not begun:
        return _migration(event)
    step = begun[-1]
    took = f" after {text.milliseconds(step['ms'])}" if step["ms"] is not None else ""
    return f"{record['id']}: {step['name']} at {step['node']} {step['state']}{took}"


def _plan(event: Event) -> str:
    plan = event["plan"]
    what = f"{plan['kind'].replace('_', ' ')} {plan['node']}".strip()
    moves = [f"{m['function']} {m['slots']} {m['from']} to {m['to']}" for m in plan["moves"]]
    why = event["reason"] or "; ".join(moves) or "; ".join(plan["explanation"])
    return f"{what} {event['state']}: {why}"


def _held(event: Event) -> str:
    lines = (
        f"{one['function']} {one['slots']} at {one['node']}"
        f"{', broken' if one['broken'] else ''}: {one['reason']}"
        for one in event["held"]
    )
    return "; ".join(lines) or "none"


def _load(event: Event) -> str:
    return ", ".join(f"{name} {node['pps']:,.0f}" for name, node in event["nodes"].items())


def _level(event: Event) -> str:
    pps, threshold_pps = event["load"]["pps"], event["threshold_pps"]
    return f"{event['node']}: {pps:,.0f} packets/s, threshold {threshold_pps:,.0f}"


_SENTENCES: dict[str, Callable[[Event], str]] = {
    "load": _load,
    "load_high": _level,
    "load_low": _level,
    "plan": _plan,
    "paths_held": _held,
    "node_up": _node,
    "node_primary": _node,
    "node_ready": _node,
    "node_failed": _node,
    "node_down": _node,
    "placement_changed": _placement,
    "migration_started": _migration,
    "migration_step": _step,
    "migration_blocked": _migration,
    "migration_ended": _migration,
}
