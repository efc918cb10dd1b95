"""Control characters written out, for logs and terminals.

What nodes, hosts and clients say is shown to operators: a node's own words in an error, names in
its P4Info. A line break in it would make a line of the log that nobody wrote, and an escape
sequence could do anything to a terminal.
"""

from __future__ import annotations

from typing import Any

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_CONTROL |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


def visible(text: str) -> str:
    """Return a text in which each control character (Unicode's category Cc) is written out."""
    return text.translate(_CONTROL)


def all_visible(data: Any) -> Any:
    """Return plain data with every text in it made visible, keys too."""
    match data:
        case str():
            return visible(data)
        case dict():
            return {all_visible(key): all_visible(value) for key, value in data.items()}
        case list():
            return [all_visible(item) for item in data]
    return data
