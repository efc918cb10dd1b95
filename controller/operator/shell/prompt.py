"""The prompt: completion, history, and ``?`` for what could come next, by prompt_toolkit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.shortcuts import CompleteStyle

from controller.operator.completion import Ask, hints_at
from controller.operator.shell.interpreter import OWN_WORDS
from controller.operator.tables import Page
from controller.operator.views.help_text import hint_lines

PROMPT = "hitless> "


class NetworkCompleter(Completer):
    """Completes words of commands and names of the live network."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """Yield what could stand at the cursor."""
        partial, found = hints_at(document.text_before_cursor, self._ask, OWN_WORDS)
        writable = [hint for hint in found if hint.writable]
        for hint in writable:
            text = f"{hint.text} " if len(writable) == 1 else hint.text
            yield Completion(text, -len(partial), display=hint.text, display_meta=hint.help)


def make_session(ask: Ask, page: Page, **streams: Any) -> PromptSession[str]:
    """Return a prompt.

    Args:
        ask: Asks the live network for values.
        page: What help is printed for.
        streams: ``input`` and ``output`` for prompt_toolkit; by default the terminal.
    """
    return PromptSession(
        FormattedText([("bold", PROMPT)]),
        completer=NetworkCompleter(ask),
        complete_style=CompleteStyle.READLINE_LIKE,
        complete_while_typing=False,
        history=_history(os.environ),
        enable_history_search=True,
        key_bindings=_bindings(ask, page),
        color_depth=None if page.colour else ColorDepth.MONOCHROME,
        **streams,
    )


def _bindings(ask: Ask, page: Page) -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("?")
    def show_hints(event: KeyPressEvent) -> None:
        text = event.current_buffer.document.text_before_cursor
        _, found = hints_at(text, ask, OWN_WORDS)
        shown = "\n".join([f"{PROMPT}{text}?", *hint_lines(found, page)])
        run_in_terminal(lambda: print(shown, flush=True))

    return bindings


def _history(environment: Mapping[str, str]) -> History:
    """Return this user's history, kept in a file where there can be one."""
    state = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    directory = Path(state) / "hitless"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = directory / "history"
        file.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(file))
