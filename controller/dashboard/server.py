"""The page's HTTP server: its files, the live feed, and commands that act, behind a token.

Choices: aiohttp on one thread; what pages are sent is ``controller.dashboard.live``'s. Looking is
free for whoever reaches the port, which is the loopback's by default; acting takes the token, in a
header that no foreign page can send. A request whose Host is not ours is refused, so that a name
that a foreign page points here gets nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from controller.dashboard.feed import Feed
from controller.dashboard.live import Live
from controller.dashboard.picture import Data
from controller.errors import HitlessError, NoAnswer, NotRunning
from controller.operator.address import Address
from controller.operator.client import RpcClient
from controller.operator.faults import BAD_REQUEST, BUSY, CONFLICT, RequestFailed

LOG = logging.getLogger(__name__)

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
LIBRARIES = {
    "cytoscape.mjs": "cytoscape/dist/cytoscape.esm.min.mjs",
    "uplot.mjs": "uplot/dist/uPlot.esm.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
}
"Served name to file below node_modules, where npm has put it."

ACTIONS = ("migrate", "drain", "undrain", "scale", "pause", "resume")
"Commands that the page may send."
TOKEN_HEADER = "X-Hitless-Token"
RETRY = b"retry: 1000\n\n"
"So many ms after it has lost us a page tries again."
COMMAND_TIMEOUT_S = 30.0
STATUS = {BAD_REQUEST: 400, CONFLICT: 409, BUSY: 503}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer:
    """Serves one management entity's page."""

    def __init__(self, address: Address, token: str, hosts: frozenset[str]) -> None:
        """Prepare.

        Args:
            address: The management entity's RPC.
            token: What acting takes.
            hosts: Names by which pages may call this server.
        """
        self._address = address
        self.token = token
        self._hosts = hosts
        self._feed = Feed(address, self._tell)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._live = Live()

    def application(self) -> web.Application:
        """Return the application, which starts and stops the feed."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", self._index)
        app.router.add_get("/live", self._follow)
        app.router.add_get("/token", self._token)
        app.router.add_post("/do/{command}", self._do)
        for name, path in LIBRARIES.items():
            app.router.add_get(f"/lib/{name}", _file(FOLDER / "node_modules" / path))
        app.router.add_static("/static", STATIC)
        app.cleanup_ctx.append(self._run_feed)
        return app

    async def _run_feed(self, _app: web.Application) -> Any:
        self._loop = asyncio.get_running_loop()
        self._feed.start()
        yield
        self._feed.stop()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests by names that are not ours; add headers."""
        name, _, port = request.host.rpartition(":")
        host = name if name and port.isdigit() else request.host
        if host not in self._hosts:
            raise web.HTTPMisdirectedRequest(
                text=f"{host} is no name of this server: [dashboard] listen = {host}:PORT makes it"
                " one\n"
            )
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    # Live

    def _tell(self, kind: str, data: Any) -> None:
        """Take what the feed tells, on its thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just been closed
                self._loop.call_soon_threadsafe(self._live.take, kind, data)

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        """Send the picture, and from then on what is new, as server-sent events."""
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await response.write(RETRY)
            async with contextlib.aclosing(self._live.messages()) as messages:
                async for message in messages:
                    await response.write(message)
        except ConnectionResetError:
            LOG.debug("a page is gone")
        return response

    # Acting

    def _may_act(self, request: web.Request) -> bool:
        given = request.headers.get(TOKEN_HEADER, "")
        return secrets.compare_digest(given.encode(errors="replace"), self.token.encode())

    async def _token(self, request: web.Request) -> web.StreamResponse:
        """Say whether a page has the token, so that it can say before anybody tries to act."""
        return web.Response(status=204 if self._may_act(request) else 403)

    async def _do(self, request: web.Request) -> web.StreamResponse:
        """Run a command; the answer is its data, or the fault with a status of its kind."""
        command = request.match_info["command"]
        if not self._may_act(request):
            return _fault(403, "acting takes the token: open the page by the URL in page.url")
        if command not in ACTIONS:
            return _fault(404, f"no action {command}; these would do: {', '.join(ACTIONS)}")
        try:
            arguments = await request.json()
        except ValueError:
            return _fault(400, "the arguments are not JSON")
        if not isinstance(arguments, dict):
            return _fault(400, "the arguments must be a map")
        try:
            data = await asyncio.to_thread(self._call, command, arguments)
            self._feed.ask()  # not everything that it may have changed has an event
            return web.json_response(data)
        except RequestFailed as exc:
            return web.json_response({"fault": exc.fault}, status=STATUS.get(exc.kind, 502))
        except (NotRunning, NoAnswer) as exc:
            return _fault(503, str(exc))
        except HitlessError as exc:
            return _fault(502, str(exc))

    def _call(self, command: str, arguments: Data) -> Data:
        with RpcClient(self._address) as client:
            return client.call(command, arguments, COMMAND_TIMEOUT_S)


def _fault(status: int, message: str) -> web.Response:
    return web.json_response({"fault": {"message": message}}, status=status)


def _file(path: Path) -> Handler:
    async def send(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return send
