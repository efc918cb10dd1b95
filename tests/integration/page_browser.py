"""A headless Chromium that looks at pages, for tests of the page."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium")
PICTURES = os.environ.get("HITLESS_SCREENSHOTS")
"""A directory for screenshots; not set: none are kept."""
COLOURS = 256
"Of a screenshot, rare ones among them: it is to be small, and nobody sees the difference."
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")

LABELS = """() => {
  const view = document.getElementById("graph")._cyreg.cy, zoom = view.zoom();
  const pen = document.createElement("canvas").getContext("2d");
  return view.nodes("[kind = 'node'], [kind = 'hosts']").map((node) => {
    const box = (what) => {
      const { x1, y1, x2, y2 } = node.renderedBoundingBox({
        includeNodes: false, includeLabels: false, includeOverlays: false, ...what });
      return [x1, y1, x2, y2];
    };
    const px = parseFloat(node.style("font-size")) * zoom;
    pen.font = `${px}px system-ui, sans-serif`;
    const lines = node.data("text").split("\\n");
    return {
      id: node.id(), kind: node.data("kind"), lines, px,
      written: Math.max(...lines.map((line) => pen.measureText(line).width)),
      box: box({ includeNodes: true }), label: box({ includeLabels: true }),
    };
  });
}"""
"Of each node and of the hosts beneath it: what is written, how large, and where, in pixels."


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start a browser; the test is skipped where there is none."""
    if CHROMIUM is None or subprocess.run([CHROMIUM, "--version"], check=False).returncode != 0:
        pytest.skip("needs a Chromium that starts: Debian's package chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Any, url: str, scheme: str, width: int, height: int) -> Iterator[Any]:
    """Open a page; in the end, fail if it had a defect."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if _is_defect(said) else None)
    page.goto(url)
    page.scheme = scheme
    yield page
    context.close()
    assert errors == []


def _is_defect(said: Any) -> bool:
    """Tell whether what a page says on its console is its own fault: refusals are none."""
    expected = ("400 (Bad Request)", "403 (Forbidden)", "ERR_CONNECTION", "ERR_INCOMPLETE")
    return said.type == "error" and not any(text in said.text for text in expected)


def keep_picture(page: Any, name: str) -> None:
    """Keep a screenshot, if that is wanted."""
    if PICTURES:
        file = Path(PICTURES) / f"page-{name}-{page.scheme}.png"
        page.screenshot(path=file)
        with Image.open(file) as picture:
            few = picture.convert("RGB").quantize(
                COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )
        few.save(file, optimize=True)


def shown_after_ms(page: Any) -> float:
    """Return the time from asking for the page to the network's being painted, ms."""
    page.wait_for_selector("#nodes tbody tr")
    return page.evaluate("performance.getEntriesByName('shown')[0].startTime")
