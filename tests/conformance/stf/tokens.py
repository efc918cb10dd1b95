"""Cuts a line of STF into words, and hands them out one by one."""

from __future__ import annotations

import re

_WORD = re.compile(
    r"""
    \s*(?:
      (?P<quoted>"[^"]+")
    | (?P<number>0[xX][0-9a-fA-F*]+ | 0[bB][01*]+ | \d+\.\d+(?!\.) | \d+ms\b | \d+(?![\w$]))
    | (?P<name>[A-Za-z_$][\w$]*)
    | (?P<sign>&&& | \.\. | == | != | <= | >= | [<>:,.\[\]()/=])
    )""",
    re.VERBOSE,
)


class StfError(Exception):
    """An STF file that cannot be read, or a statement that does not fit the program."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line


class Words:
    """The words of one line, read from the left."""

    def __init__(self, line: int, text: str) -> None:
        self.line = line
        self._words = list(_cut(line, text))
        self._next = 0

    def peek(self) -> str | None:
        """The next word, None at the end of the line."""
        return self._words[self._next][1] if self._next < len(self._words) else None

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.peek() is None

    def at_number(self) -> bool:
        """Whether a number is next."""
        return self._next < len(self._words) and self._words[self._next][0] == "number"

    def skip(self, sign: str) -> bool:
        """Read `sign` if it is next."""
        if self.peek() != sign:
            return False
        self._next += 1
        return True

    def expect(self, sign: str) -> None:
        """Read `sign`, which must be next."""
        if not self.skip(sign):
            raise self.error(f"'{sign}'")

    def number_text(self) -> str:
        """Read a number and return it as it is written."""
        if not self.at_number():
            raise self.error("a number")
        return self._take()

    def name(self) -> str:
        """Read one name."""
        if self.at_end() or self._words[self._next][0] not in ("name", "quoted"):
            raise self.error("a name")
        return self._take().strip('"')

    def qualified_name(self) -> str:
        """Read names joined by dots, each perhaps with an index in brackets."""
        name = self._indexed_name()
        while self.skip("."):
            name = f"{name}.{self._indexed_name()}"
        return name

    def _indexed_name(self) -> str:
        name = self.name()
        while self.skip("["):
            name = f"{name}[{self.number_text()}]"
            self.expect("]")
        return name

    def end(self) -> None:
        """Nothing may be left."""
        if not self.at_end():
            raise self.error("the end of the line")

    def error(self, wanted: str) -> StfError:
        """The error that says what was expected here."""
        found = self.peek()
        place = "the line ends" if found is None else f"'{found}' stands"
        return StfError(self.line, f"{place} where {wanted} is expected")

    def _take(self) -> str:
        word = self._words[self._next][1]
        self._next += 1
        return word


def _cut(line: int, text: str) -> list[tuple[str, str]]:
    words = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None:
            raise StfError(line, f"cannot read '{text[position:].strip()}'")
        words.append((str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return words
