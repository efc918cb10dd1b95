"""The generated module's names: its variables, and the runtime objects that it is linked with."""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass, field

Request = tuple[str, ...]
"""What a name stands for: a kind, and what of that kind; see `switch.runtime.link`."""


def short(name: str) -> str:
    """The last part of a fully qualified name."""
    return name.rpartition(".")[2]


class Names:
    """Hands out readable Python identifiers, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set(dir(builtins)) | set(keyword.kwlist)
        self._by_key: dict[tuple[str, ...], str] = {}

    def get(self, *key: str, wish: str = "") -> str:
        """The identifier for a key, made from `wish` or from the key when first asked."""
        name = self._by_key.get(key)
        if name is None:
            name = self._by_key[key] = self.fresh(wish or "_".join(key))
        return name

    def fresh(self, wish: str) -> str:
        """A new identifier."""
        stem = re.sub(r"\W+", "_", wish, flags=re.ASCII).strip("_").lower() or "x"
        if stem[0].isdigit():
            stem = f"x{stem}"
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name


@dataclass
class Links:
    """The runtime objects that the generated code names, in the order of their first use."""

    names: Names
    requests: dict[str, Request] = field(default_factory=dict)
    """By identifier."""

    def get(self, *request: str, wish: str = "") -> str:
        """The identifier for a runtime object."""
        name = self.names.get("link", *request, wish=wish or short(request[-1]))
        self.requests.setdefault(name, request)
        return name
