"""The short way of `GET /v1/videos/{id}`: what a thousand polling clients ask, answered from rendered bytes while nothing changed."""

from dataclasses import dataclass

from starlette.types import Scope, Send

from castlist.model.asks import Caller
from castlist.server.front import Front, base_url
from castlist.server.replies import Headers, encode, json_headers, send_bytes
from castlist.server.wire.views import poll_after, show_video

_PREFIXES = ("/v1/videos/video_", "/videos/video_")
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as it was sent, with the version of the storage it was true for."""

    version: int
    headers: Headers
    body: bytes


class StatusReads:
    """Answers status reads; rendered bytes are kept as long as no process has committed anything."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._kept: dict[tuple[str, str, str, int], Rendered] = {}

    async def serve(self, scope: Scope, send: Send) -> bool:
        """Answer if it is a plain status read; False leaves it to the router."""
        path: str = scope["path"]
        if scope["method"] != "GET" or not path.startswith(_PREFIXES) or scope["query_string"]:
            return False
        id = path.rpartition("/")[2]  # noqa: A001
        if path.count("/") != (3 if path.startswith("/v1/") else 2):
            return False
        scope["castlist.route"] = "/videos/{video_id}"
        front = self._front
        caller = front.caller(scope)
        version = front.engine.storage.version()
        key = (caller.project, id, base_url(scope), front.signer.bucket())
        kept = self._kept.get(key)
        if kept is None or kept.version != version:
            kept = await self._render(scope, caller, key, version=version)
        await send_bytes(send, kept.headers, body=kept.body)
        return True

    async def _render(self, scope: Scope, caller: Caller, key: tuple[str, str, str, int], *, version: int) -> Rendered:
        seen = await self._front.engine.video(caller, key[1])
        body = encode(show_video(seen, self._front.links(scope)))
        wait = poll_after(seen)
        more = [] if wait is None else [(b"openai-poll-after-ms", str(wait).encode())]
        rendered = Rendered(version, json_headers(len(body), more), body)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key] = rendered
        return rendered
