"""An upstream with OpenAI's shapes over real HTTP, which fails as it is told and counts what it accepted.

Run it with `python -m castlist.testing.upstream --port 4900`, or inside a test with `serve_upstream()`.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar, Final

from aiohttp import web

from castlist.testing.emulator import Emulator, abort, run, serve, trouble
from castlist.testing.recording import Recorded, record
from castlist.testing.upstream_answers import FAULTS, Work, error_reply, refuse, script_of

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

_MOST_CHARACTERS: Final = 2
_SOURCE: Final = frozenset({"prompt", "video", "video[id]"})
_PICTURES: Final = frozenset({"input_references"})
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "videos": frozenset({"prompt", "model", "seconds", "size", "characters", "characters[][id]", "input_reference", "seed"}),
    "edits": _SOURCE,
    "extensions": _SOURCE | {"seconds"},
    "remix": frozenset({"prompt"}),
}


class Upstream(Emulator):
    """The server's state: what it accepted (`works`; `characters` with their clips). A model's name may plan a fault as well. One that
    is not `native` keeps no characters and takes pictures of them, as vLLM-Omni does."""

    faults: ClassVar[Mapping[str, Mapping[str, str]]] = FAULTS
    base_path: ClassVar[str] = "/v1"
    also: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, lasts: float = 0.2, key: str | None = None, clip: bytes | None = None, native: bool = True) -> None:
        super().__init__(clip=clip)
        self.native = native
        self.lasts = lasts
        self.key = key
        self.works: dict[str, Work] = {}
        self.characters: dict[str, tuple[str, bytes]] = {}

    @property
    def accepted(self) -> int:
        return self.counts["accepted"]

    def routes(self) -> Iterator[web.AbstractRouteDef]:
        for prefix in ("/v1", ""):
            yield web.post(f"{prefix}/videos", self._create)
            yield web.post(f"{prefix}/videos/edits", self._create)
            yield web.post(f"{prefix}/videos/extensions", self._create)
            yield web.post(f"{prefix}/videos/{{id}}/remix", self._create)
            yield web.post(f"{prefix}/videos/characters", self._make_character)
            yield web.get(f"{prefix}/videos/characters/{{id}}", self._character)
            yield web.delete(f"{prefix}/videos/characters/{{id}}", self._forget_character)
            yield web.get(f"{prefix}/videos", self._list)
            yield web.get(f"{prefix}/videos/{{id}}", self._poll)
            yield web.get(f"{prefix}/videos/{{id}}/content", self._content)
            yield web.delete(f"{prefix}/videos/{{id}}", self._delete)
            yield web.get(f"{prefix}/expired/{{file}}", self._expired)
        yield web.get("/_counts", self._show_counts)
        yield web.post("/_break", self._plan)

    def app(self) -> web.Application:
        app = super().app()
        app.middlewares.append(self._check_key)
        return app

    @web.middleware
    async def _check_key(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}" and not request.path.startswith("/_"):
            return error_reply(401, "invalid_api_key", "Incorrect API key provided.")
        return await handler(request)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.counts["create"] += 1
        planned = self.next_fault("create")
        if planned == "drop":
            return abort(request)
        recorded = await record(request)
        self.requests.append(recorded)
        script = script_of(recorded.value("model") or "")
        fault = script.get("create") or planned
        if fault == "drop":
            return abort(request)
        await self.pass_gate("received", recorded.value("prompt") or "")
        answer = refuse(fault) or self._complain(request, recorded)
        if answer is not None:
            return answer
        work = self.accept(recorded, script=script, source=self._source(request, recorded))
        await self.before_answer(work)
        return await trouble(request, fault) or web.json_response(work.show(time.time()))

    def _complain(self, request: web.Request, recorded: Recorded) -> web.Response | None:
        """What a strict upstream refuses: no prompt, a field it does not know, a video or a character it does not have."""
        kind = request.path.rpartition("/")[2]
        known = self.also | _KNOWN.get(kind, _KNOWN["videos"]) | (frozenset() if self.native else _PICTURES)
        given = [field.name for field in recorded.fields] or list(recorded.document if isinstance(recorded.document, dict) else {})
        if unknown := [name for name in given if name not in known]:
            return error_reply(400, "unknown_parameter", f"Unknown parameter: '{unknown[0]}'.")
        if not recorded.value("prompt"):
            return error_reply(400, "missing_required_parameter", "Missing required parameter: 'prompt'.")
        cast = [field.value.decode() for field in recorded.fields if field.name == "characters[][id]"]
        if len(cast) > _MOST_CHARACTERS or any(one not in self.characters for one in cast):
            return error_reply(400, "invalid_value", f"At most two characters that exist, not {cast}.")
        source = request.match_info.get("id") or recorded.value("video[id]")
        if source is not None and source not in self.works:
            return error_reply(404, "not_found", f"Video {source} not found.")
        if kind in {"edits", "extensions"} and source is None and "video" not in given:
            return error_reply(400, "missing_required_parameter", "Missing required parameter: 'video'.")
        return None

    def _source(self, request: web.Request, recorded: Recorded) -> Work | None:
        return self.works.get(request.match_info.get("id") or recorded.value("video[id]") or "")

    async def before_answer(self, work: Work) -> None:
        """What happens between taking a work and saying so."""
        await self.pass_gate("accepted", work.id)

    def accept(self, recorded: Recorded, *, script: Mapping[str, str], source: Work | None) -> Work:
        """A request taken: from here on it would cost."""
        self.counts["accepted"] += 1
        given = {name: recorded.value(name) for name in ("model", "prompt", "seconds", "size")}
        defaults = {"model": "sora-2", "prompt": "", "seconds": "4", "size": "720x1280"}
        fields = defaults | (dict(source.fields) if source else {}) | {name: value for name, value in given.items() if value is not None}
        lasts = float(script.get("lasts", self.lasts))
        fate = script.get("job") or self.next_fault("job")
        work = Work(f"video_{self.counts['accepted']:08d}", fields, time.time(), lasts, fate)
        work.remixed = source.id if source and recorded.path.endswith("/remix") else None
        work.once = {place: script[place] for place in ("poll", "content") if place in script}
        self.works[work.id] = work
        return work

    async def _make_character(self, request: web.Request) -> web.StreamResponse:
        self.counts["character"] += 1
        fault = self.next_fault("character")
        recorded = await record(request)
        self.requests.append(recorded)
        if fault == "absent" or not self.native:
            return error_reply(404, "not_found", "Invalid URL (POST /v1/videos/characters)")
        answer = refuse(fault)
        if answer is not None:
            return answer
        clip = next((field.value for field in recorded.fields if field.name == "video"), b"")
        if not recorded.value("name") or not clip:
            return error_reply(400, "missing_required_parameter", "A character needs a name and a video.")
        number = f"char_{self.counts['character']:08d}"
        self.characters[number] = (str(recorded.value("name")), clip)
        await self.pass_gate("character", str(recorded.value("name")))
        return web.json_response(self._show_character(number))

    async def _character(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        return (
            web.json_response(self._show_character(number))
            if number in self.characters
            else error_reply(404, "not_found", "No such character.")
        )

    async def _forget_character(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        if self.characters.pop(number, None) is None:
            return error_reply(404, "not_found", "No such character.")
        return web.json_response({"id": number, "object": "character.deleted", "deleted": True})

    def _show_character(self, number: str) -> dict[str, object]:
        return {"id": number, "created_at": int(time.time()), "name": self.characters[number][0]}

    async def _list(self, request: web.Request) -> web.Response:
        self.counts["list"] += 1
        works = sorted(self.works.values(), key=lambda work: work.id, reverse=request.query.get("order", "desc") != "asc")
        ids = [work.id for work in works]
        after = request.query.get("after")
        start = ids.index(after) + 1 if after in ids else 0
        limit = int(request.query.get("limit", "20"))
        page = [work.show(time.time()) for work in works[start : start + limit]]
        first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        more = len(works) > start + limit
        return web.json_response({"object": "list", "data": page, "has_more": more, "first_id": first, "last_id": last})

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        self.counts["poll"] += 1
        work = self.works.get(request.match_info["id"])
        await self.pass_gate("poll", request.match_info["id"])
        fault = self._meet("poll", work)
        answer = await trouble(request, fault) or refuse(fault)
        if answer is not None:
            return answer
        if fault == "missing" or work is None:
            return error_reply(404, "not_found", "Video not found.")
        return web.json_response(work.show(time.time()), headers={"openai-poll-after-ms": "100"})

    def _meet(self, where: str, work: Work | None) -> str | None:
        """What this request about a work meets: what its model's name says for once, else what is planned."""
        return (work.once.pop(where, None) if work else None) or self.next_fault(where)

    async def _content(self, request: web.Request) -> web.StreamResponse:
        self.counts["content"] += 1
        work = self.works.get(request.match_info["id"])
        fault = self._meet("content", work)
        if fault == "error":
            return error_reply(500, "server_error", "The server had an error.")
        if fault == "expired":
            return web.Response(status=302, headers={"Location": f"{self.base_url}/expired/{request.match_info['id']}.mp4"})
        if fault == "away":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/clip.mp4"})
        if fault == "missing" or work is None or work.show(time.time())["status"] != "completed":
            return error_reply(404, "not_found", "Video not found, or not ready.")
        return await self.pour(request, fault=fault)

    async def _expired(self, request: web.Request) -> web.Response:
        self.counts["expired"] += 1
        return web.Response(status=403, text="<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        self.counts["delete"] += 1
        work = self.works.pop(request.match_info["id"], None)
        if work is None:
            return error_reply(404, "not_found", "Video not found.")
        return web.json_response({"id": work.id, "object": "video.deleted", "deleted": True})

    async def _show_counts(self, _: web.Request) -> web.Response:
        return web.json_response(dict(self.counts))

    async def _plan(self, request: web.Request) -> web.Response:
        for where, faults in (await request.json()).items():
            self.break_next(where, *faults)
        return web.json_response({})


@contextmanager
def serve_upstream(*, lasts: float = 0.2, key: str | None = None, clip: bytes | None = None, native: bool = True) -> Iterator[Upstream]:
    """An upstream on a free loopback port, in a thread of its own, for the time of the context."""
    with serve(Upstream(lasts=lasts, key=key, clip=clip, native=native)) as upstream:
        yield upstream


def main() -> None:
    """Serve until the process is stopped; the first line of output is the base URL. Port 0 takes a free one."""
    options = argparse.ArgumentParser(description="An upstream with OpenAI's shapes, for tests.")
    options.add_argument("--port", type=int, default=4900)
    options.add_argument("--lasts", type=float, default=0.2, help="seconds a video takes")
    options.add_argument("--key", default=None, help="the bearer key it asks for")
    given = options.parse_args()
    upstream = Upstream(lasts=given.lasts, key=given.key)
    asyncio.run(run(upstream, port=given.port, stop=asyncio.Event(), ready=lambda: _announce(upstream)))


def _announce(upstream: Upstream) -> None:
    sys.stdout.write(f"{upstream.base_url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
