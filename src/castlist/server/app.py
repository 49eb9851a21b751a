"""The HTTP app: a short way for status reads, the router for the rest, one place where errors become answers."""

import itertools
import secrets
import time
import traceback
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from castlist.engine import Engine
from castlist.errors import CastlistError, NotFound, ServerError
from castlist.server.access import Access, arrive
from castlist.server.bodies import Gone
from castlist.server.content import RangeError
from castlist.server.front import Front
from castlist.server.metrics import REGISTRY, Meters
from castlist.server.replies import error_reply
from castlist.server.routes import PLAIN_ROADS, ROADS, Endpoint, Road
from castlist.server.signing import Signer
from castlist.server.status import StatusReads
from castlist.server.wire.asking import Fetch

log = structlog.get_logger("castlist.server")


class WrongMethodError(CastlistError):
    """The path exists, for other methods."""

    status = 405
    code = "method_not_allowed"
    kind = "invalid_request_error"


class Crossing:
    """All methods of one path."""

    def __init__(self, front: Front, path: str, endpoints: Mapping[str, Endpoint]) -> None:
        self.path = path
        self.methods = frozenset([*endpoints, *(["HEAD"] if "GET" in endpoints else [])])
        self._front = front
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["castlist.route"] = self.path
        endpoint = self._endpoints["GET" if scope["method"] == "HEAD" else scope["method"]]
        response = await endpoint(self._front, Request(scope, receive, send))
        await response(scope, receive, send)


def _route(front: Front, roads: Sequence[Road]) -> tuple[list[Route], dict[str, Crossing]]:
    """All routes in their order, and those whose path is a fixed one by that path."""
    paths: dict[str, dict[str, Road]] = {}
    for road in roads:
        paths.setdefault(road.path, {})[road.method] = road
    routes, fixed = [], {}
    for path, by_method in paths.items():
        crossing = Crossing(front, path, {method: road.endpoint for method, road in by_method.items()})
        pattern = next(iter(by_method.values())).pattern
        for prefix in ("/v1", ""):
            routes.append(Route(prefix + pattern, crossing, methods=list(by_method)))
            if "{" not in pattern:
                fixed[prefix + pattern] = crossing
    return routes, fixed


async def _miss(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotFound(f"there is nothing at {scope['path'][:200]!r}; the routes are listed at /docs", code="unknown_url")


class App:
    """The whole ASGI app. Every answer carries `x-request-id`; every error has OpenAI's shape."""

    def __init__(self, front: Front, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self.front = front
        self.meters = Meters()
        self._clock = clock
        self._status = StatusReads(front)
        # Crossings first come first served: paths with fixed words are listed before those with an id in the same place.
        routes, self._fixed = _route(front, [*ROADS, *PLAIN_ROADS])
        self._router: ASGIApp = Router(routes, redirect_slashes=False, default=_miss)
        self._proxied = bool(front.access.root_path or front.access.trusted)
        self._prefix = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, request_id = self._clock(), f"req_{self._prefix}{next(self._numbers):x}"
        if self._proxied:
            arrive(scope, self.front.access)
        status = 0

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode())]}
            await send(message)

        try:
            if not await self._status.serve(scope, tell):
                await self._dispatch(scope, receive, tell)
        except Gone:
            status = 499
        except Exception as error:
            answer = _explain(error, request_id)
            if status:
                # Half an answer is out: only a broken connection can still tell the client.
                raise
            await answer(scope, receive, tell)
        finally:
            self.meters.count(
                scope["method"] if status != 405 else "other",
                scope.get("castlist.route", "none"),
                status=status,
                seconds=self._clock() - begun,
            )

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette raises for a wrong method, instead of answering in its own shape, where it finds an app.
        scope["app"] = self
        scope[REGISTRY] = self.meters
        crossing = self._fixed.get(scope["path"])
        if crossing is not None and scope["method"] in crossing.methods:
            await crossing(scope, receive, send)
        else:
            await self._router(scope, receive, send)


def _explain(error: Exception, request_id: str) -> ASGIApp:
    """The answer to what went wrong; what nobody foresaw is logged, and tells the caller nothing."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        allow = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
        return error_reply(WrongMethodError(f"this path takes {allow}"), headers={"allow": allow})
    if isinstance(error, RangeError):
        return error_reply(error, headers={"content-range": f"bytes */{error.length}"})
    if isinstance(error, CastlistError) and not isinstance(error, ServerError):
        return error_reply(error)
    # As text: a renderer of tracebacks that shows local variables would show keys.
    log.error("request failed", request_id=request_id, traceback="".join(traceback.format_exception(error)))
    return error_reply(ServerError(f"something went wrong here; the gateway's log says more under {request_id}"))


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message: MutableMapping[str, object] = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def build_app(engine: Engine, access: Access, signer: Signer, *, fetch: Fetch, version: str, providers: Collection[str]) -> App:
    """The app over an engine. `providers` are the names under which a request may carry provider options; `fetch` gets reference URLs."""
    return App(Front(engine, access, signer, fetch, version, frozenset(providers)))
