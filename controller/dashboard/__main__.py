"""``python -m controller.dashboard``: serve the page of a running management entity.

``apps.dashboard_app`` starts it; it may be started by hand as well, on another machine too where
the RPC is reached over TLS (its files by environment, as for ``hitless``). It ends on SIGTERM and
SIGINT, and with ``--with-parent`` when its standard input is closed, so that it never outlives the
process that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from controller.dashboard.place import Place
from controller.dashboard.server import FOLDER, LIBRARIES, PageServer
from controller.errors import AppError, HitlessError
from controller.operator.address import VARIABLES, default_address, parse_address

NICE = 10
"However many pages are open, migrations come first."


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to end; return the exit status: 0, or 2 when it cannot begin."""
    arguments = _parser().parse_args(argv)
    missing = [path for path in LIBRARIES.values() if not (FOLDER / "node_modules" / path).exists()]
    if missing:
        wanted = ", ".join(missing)
        print(f"page: missing: {wanted}: scripts/setup, or npm ci in {FOLDER}", file=sys.stderr)
        return 2
    os.nice(NICE)
    try:
        address = parse_address(arguments.rpc or default_address(), dict.fromkeys(VARIABLES))
        place = Place.parse(arguments.listen)
        asyncio.run(_serve(PageServer(address, _token(), place.names), place, arguments))
    except (HitlessError, OSError) as exc:
        print(f"page: {exc}", file=sys.stderr)
        return 2
    finally:
        if arguments.url_file:
            arguments.url_file.unlink(missing_ok=True)
    return 0


def _token() -> str:
    return os.environ.get("HITLESS_PAGE_TOKEN") or secrets.token_urlsafe(24)


def _end_with_input(ended: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        ended.set()


async def _serve(server: PageServer, place: Place, arguments: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if arguments.with_parent:
        loop.add_reader(sys.stdin, _end_with_input, ended)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await _listen(runner, place)
        port = runner.addresses[0][1]
        url = f"http://{place.shown}:{port}/"
        if arguments.url_file:
            _write_owner_only(arguments.url_file, f"{url}#token={server.token}\n")
            print(f"page: {url}; with the token for acting: {arguments.url_file}", flush=True)
        else:
            print(f"page: {url}#token={server.token}", flush=True)
        await ended.wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):  # pages that are still being sent
            await runner.cleanup()


async def _listen(runner: web.AppRunner, place: Place) -> None:
    """Begin to serve; raises ``AppError`` if the address cannot be had."""
    try:
        await web.TCPSite(runner, place.host, place.port).start()
    except OSError as exc:
        unknown = isinstance(exc, socket.gaierror)
        reason = "there is no such host" if unknown else os.strerror(exc.errno or 0)
        raise AppError(
            f"cannot be served at {place.shown}:{place.port}: {reason}; [dashboard] listen says"
            " where"
        ) from exc


def _write_owner_only(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m controller.dashboard",
        description="Serve the page of a running management entity. Acting on the page takes a "
        "token: a random one, or that in $HITLESS_PAGE_TOKEN.",
    )
    parser.add_argument(
        "--listen",
        default="127.0.0.1:8080",
        metavar="HOST:PORT",
        help="where (default: %(default)s); port 0: any free one",
    )
    parser.add_argument(
        "--rpc",
        metavar="PLACE",
        help="the management entity's Unix socket, or tls:HOST:PORT (default: as for hitless)",
    )
    parser.add_argument(
        "--url-file",
        type=Path,
        metavar="FILE",
        help="write the URL with the token into this file, for its owner only, instead of showing "
        "it",
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the standard input is closed"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
