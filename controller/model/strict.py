"""Reading YAML strictly: every key known, every value of its type, every error with its path.

``Section`` walks one mapping: each ``take_…`` consumes a key, ``end`` refuses what is left over
and names the keys that would do. A mistyped key in a network's description must never be a silent
default. YAML's own two traps are closed too: a key that stands twice in one mapping is refused
(PyYAML keeps the last one), and ``1:30`` is not read as a number of base 60.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from controller.errors import ConfigError

_KINDS = {
    str: "text",
    int: "a whole number",
    dict: "a mapping",
    list: "a list",
    bool: "true or false",
}
_MISSING = object()
_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
"The loader leaves numbers with a fraction as text."


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader without repeated keys and without sexagesimal numbers."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a mapping that has the same key twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be text or a number", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# The numbers that a network's description needs are plain decimal or hexadecimal ones.
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_StrictLoader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] not in _NUMBERS]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"-?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)$"),
    list("-0123456789"),
)


def load_yaml(path: Path) -> Section:
    """Read a YAML file whose top level is a mapping.

    Raises:
        ConfigError: naming the file, the line where YAML is broken, or why it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read {path}: {reason}") from exc
    try:
        return Section(yaml.load(text, _StrictLoader) or {}, str(path), "")
    except yaml.YAMLError as exc:
        raise ConfigError(f"{path} is not YAML: {exc}") from exc


class Section:
    """One mapping of a file, consumed key by key."""

    def __init__(self, value: Any, file: str, path: str) -> None:
        if not isinstance(value, dict):
            raise ConfigError(f"{file}: {path or 'the file'} must be a mapping, not {value!r}")
        self.file = file
        self.path = path
        self._rest = dict(value)
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        """Tell whether a key is given and was not taken."""
        return key in self._rest

    def error(self, key: object, problem: str) -> ConfigError:
        """Make an error about a key of this mapping; the caller raises it."""
        return ConfigError(f"{self.file}: {self._at(key)}: {problem}")

    def take(self, key: str | int, kind: type, default: Any = _MISSING) -> Any:
        """Take a value of this type. Raises ``ConfigError`` if it is missing or another type."""
        self._known.append(str(key))
        value = self._rest.pop(key, _MISSING)
        if value is _MISSING:
            if default is _MISSING:
                raise self.error(key, f"is missing; it must be {_KINDS[kind]}")
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"must be {_KINDS[kind]}, not {value!r}")
        return value

    def take_choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """Take one of a few words."""
        value = self.take(key, str, default)
        if value not in choices:
            raise self.error(key, f"{value!r} is unknown; these would do: {', '.join(choices)}")
        return value

    def take_list(self, key: str | int, kind: type, default: Any = _MISSING) -> list[Any]:
        """Take a list whose elements are all of one type."""
        values = self.take(key, list, default)
        for i, value in enumerate(values):
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                raise self.error(f"{key}[{i}]", f"must be {_KINDS[kind]}, not {value!r}")
        return values

    def take_section(self, key: str) -> Section:
        """Take a mapping as a section of its own; a missing one is empty."""
        return Section(self.take(key, dict, {}), self.file, self._at(key))

    def take_sections(self, key: str) -> list[Section]:
        """Take a list of mappings; a missing one is empty."""
        values = self.take_list(key, dict, [])
        return [Section(v, self.file, f"{self._at(key)}[{i}]") for i, v in enumerate(values)]

    def take_names(self) -> list[str]:
        """Return the keys that are left, each of which must be a name.

        A name is text without ``:``, which separates node and port elsewhere.
        """
        for key in self._rest:
            if not isinstance(key, str) or not key or ":" in key or key != key.strip():
                raise self.error(key, f"{key!r} is no name: it must be text without ':'")
        return list(self._rest)

    def take_keys(self) -> list[str | int]:
        """Return the keys that are left, each of which must be text or a whole number."""
        for key in self._rest:
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise self.error(key, "must be text or a whole number")
        return list(self._rest)

    def take_decimal(self, key: str, default: float | None) -> float | None:
        """Take a number that may have a fraction and is not negative."""
        self._known.append(key)
        value = self._rest.pop(key, _MISSING)
        if value is _MISSING:
            return default
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return float(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.error(key, f"must be a number from 0 on, such as 0.5, not {value!r}")
        return float(value)

    def take_numbers(self, least: int, most: int) -> list[int]:
        """Return the keys that are left, each of which must be a number in these bounds."""
        for key in self._rest:
            if not isinstance(key, int) or isinstance(key, bool) or not least <= key <= most:
                raise self.error(key, f"must be a number from {least} to {most}")
        return list(self._rest)

    def take_scalar(self, key: str) -> str | int:
        """Take a text or a whole number."""
        value = self._rest.pop(key)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise self.error(key, f"must be text or a number, not {value!r}")
        return value

    def end(self) -> None:
        """Refuse keys that nobody took."""
        for key in self._rest:
            would_do = ", ".join(sorted(self._known))
            raise self.error(key, f"this key is unknown; these would do: {would_do}")

    def _at(self, key: object) -> str:
        return f"{self.path}.{key}" if self.path else str(key)
