"""Stored bytes: streamed with ranges and tags, to callers with a key and to holders of a signed link."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from castlist.errors import CastlistError, Forbidden, InvalidRequest
from castlist.model.asks import Caller
from castlist.model.characters import Character
from castlist.model.jobs import Job
from castlist.server.front import Front, read_query
from castlist.server.ranges import Slice, Unsatisfiable, choose, matches
from castlist.server.signing import suffix
from castlist.server.wire.reading import quote
from castlist.server.wire.views import CHARACTER_VARIANTS, VIDEO_VARIANTS
from castlist.storage import Storage, StoredAsset

_SIGNED = ("expires", "signature")


class RangeError(CastlistError):
    """No byte of the range asked for exists."""

    status = 416
    code = "range_not_satisfiable"
    kind = "invalid_request_error"

    def __init__(self, length: int) -> None:
        super().__init__(f"the file has {length} bytes; ask for a range within them", param="Range")
        self.length = length


class Download(Response):
    """An asset, or a slice of it, read as fast as the client takes it."""

    def __init__(self, storage: Storage, asset: StoredAsset, *, part: Slice | None, name: str) -> None:
        self.storage, self.asset, self.part = storage, asset, part
        self.status_code = 200 if part is None else 206
        self.background = None
        length = asset.bytes if part is None else part.end - part.start
        ranges = {} if part is None else {"content-range": part.content_range}
        headers = {**asset_headers(asset, name), "content-length": str(length), "content-type": asset.media_type, **ranges}
        self.raw_headers = [(key.encode(), value.encode("latin-1")) for key, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
            return
        gone = asyncio.ensure_future(_hang_up(receive))
        try:
            await self._stream(send, gone)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _stream(self, send: Send, gone: "asyncio.Future[None]") -> None:
        start, end = (0, None) if self.part is None else (self.part.start, self.part.end)
        begun = False
        async for chunk in self.storage.assets.stream(self.asset, start=start, end=end):
            if not begun:
                # The status is sent once bytes are there: an asset that cannot be read is then still an error.
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                begun = True
            if gone.done():
                return
            await send({"type": "http.response.body", "body": bytes(chunk), "more_body": True})
        if not begun:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b""})


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def asset_headers(asset: StoredAsset, name: str) -> dict[str, str]:
    """What goes with every answer about an asset: its tag, and that a browser must take it for nothing but what it is."""
    return {
        "etag": f'"{asset.sha256}"',
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=0, must-revalidate",
        "content-disposition": f'inline; filename="{name}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
        "x-content-type-options": "nosniff",
    }


def make_name(id: str, text: str, asset: StoredAsset, *, variant: str) -> str:  # noqa: A002
    """A file name: the id, what the text says in ASCII, and the type's suffix."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()[:80])[:40].strip("-")
    parts = [part for part in (id, slug, "" if variant == "video" else variant) if part]
    return f"{'-'.join(parts)}.{suffix(asset.media_type)}"


def _answer(front: Front, request: Request, asset: StoredAsset, *, name: str) -> Response:
    headers, etag = request.headers, f'"{asset.sha256}"'
    if matches(etag, headers.get("if-none-match")):
        return Response(status_code=304, headers=asset_headers(asset, name))
    # A Range on anything but GET means nothing (RFC 9110, 14.2).
    wanted = headers.get("range") if request.method == "GET" else None
    try:
        part = choose(asset.bytes, wanted, if_range=headers.get("if-range"), etag=etag)
    except Unsatisfiable:
        raise RangeError(asset.bytes) from None
    return Download(front.engine.storage, asset, part=part, name=name)


def _read_variant(query: dict[str, str], known: tuple[str, ...]) -> str:
    variant = query.get("variant", "video")
    if variant not in known:
        raise InvalidRequest(f"variant is one of {', '.join(known)}, and not {quote(variant)}", code="invalid_variant", param="variant")
    return variant


async def _admit(
    front: Front, request: Request, path: str, *, variants: tuple[str, ...], find: Callable[[], Awaitable[Job | Character | None]]
) -> tuple[Caller, str]:
    """Who asks, and for which variant. A signed link speaks for the owner of what it leads to, and needs no key."""
    query = read_query(request, "variant", *_SIGNED)
    if not any(name in query for name in _SIGNED):
        caller = front.caller(request.scope)
        return caller, _read_variant(query, variants)
    variant = _read_variant(query, variants)
    front.signer.check(path, variant, expires=query.get("expires", ""), signature=query.get("signature", ""))
    found = await find()
    if found is None:
        raise Forbidden("what this link led to is gone", code="invalid_link")
    return Caller(found.project), variant


async def get_video_content(front: Front, request: Request) -> Response:
    """A video's bytes, thumbnail or spritesheet."""
    id, engine = request.path_params["video_id"], front.engine  # noqa: A001
    caller, variant = await _admit(
        front, request, f"/videos/{id}/content", variants=VIDEO_VARIANTS, find=lambda: engine.storage.jobs.any(id)
    )
    seen = await engine.video(caller, id)
    asset = await engine.video_asset(caller, id, variant)
    return _answer(front, request, asset, name=make_name(id, seen.job.operation.prompt, asset, variant=variant))


async def get_character_content(front: Front, request: Request) -> Response:
    """A character's clip, still, cutout or sheet."""
    id, engine = request.path_params["character_id"], front.engine  # noqa: A001
    caller, variant = await _admit(
        front, request, f"/videos/characters/{id}/content", variants=CHARACTER_VARIANTS, find=lambda: engine.storage.characters.any(id)
    )
    character = await engine.character(caller, id)
    asset = await engine.character_asset(caller, id, variant)
    return _answer(front, request, asset, name=make_name(id, character.name, asset, variant=variant))


async def get_media(front: Front, request: Request) -> Response:
    """A stored file for a provider that was given a link to it; no key opens it."""
    name = request.path_params["name"]
    front.signer.admits(f"/media/{name}", read_query(request, "variant", *_SIGNED))
    asset = await front.engine.storage.assets.get(name.partition(".")[0])
    if asset is None:
        raise Forbidden("what this link led to is gone", code="invalid_link")
    return _answer(front, request, asset, name=name)
