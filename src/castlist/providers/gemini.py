"""Gemini Omni through the Interactions API: characters as clips and stills uploaded to the Files API."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from castlist.errors import Ambiguous, HandleGone, LostJob, ProviderError, Refused, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Character
from castlist.model.providing import (
    Account,
    Cancelled,
    Handle,
    Media,
    Order,
    Phase,
    Prepared,
    Progress,
    Provider,
    References,
    Reply,
    Stopped,
    Stream,
    Ticket,
    Transport,
)
from castlist.providers.gemini_models import limits
from castlist.providers.gemini_orders import choose_forms, held_files, lower, plan, read_handle
from castlist.providers.gemini_replies import judge_known, judge_paid, read_progress, read_video
from castlist.providers.replies import read_object

HOME: Final = "https://generativelanguage.googleapis.com"
API_VERSION: Final = "v1"
_VERSION: Final = re.compile(r"v[0-9]{1,3}(alpha|beta)?[0-9]{0,3}")
_NO_FILE: Final = re.compile(r"\bfiles?\b.{0,300}\b(not|expired|gone)\b", re.IGNORECASE | re.DOTALL)
_CHUNK: Final = 8 * 1024 * 1024
_UPLOAD_SECONDS: Final = 120.0
FILES_LIVE: Final = timedelta(hours=46)
_WAITS: Final = (0.1, 0.5, *[1.0] * 30, *[3.0] * 30)
"""Seconds between looks at an upload that the vendor still reads."""


class Gemini(Provider):
    """Omni models under one API key. The setting `api_version` is `v1`, the default of google-genai 3; the vendor's pages still show
    `v1beta`, and whether `v1` serves every feature of 1.2 is not verified.

    Nothing is kept by the vendor under a name of ours: an interaction takes labels, but none can be looked up by them, so a lost
    answer stays unknown. Uploads live 48 hours, so a character's are its handle. Not verified with the live service: whether an
    extension comes back whole.
    """

    name: ClassVar[str] = "gemini"

    def __init__(self, account: Account, http: Transport, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(account, http)
        self._clock = clock

    def capabilities(self, model: str) -> Capabilities:
        return limits(model)

    async def prepare(self, order: Order) -> Prepared:
        """Compiles the body, and uploads what no handle stands for; free, as uploads are not charged."""
        wanted, held = plan(order), held_files(order)
        described = await asyncio.gather(*map(self.http.assets.describe, wanted.assets))
        missing = [media for media in described if media.asset not in held]
        links = await asyncio.gather(*map(self._upload, missing))
        known = {**held, **{media.asset: link for media, link in zip(missing, links, strict=True)}}
        files = {media.asset: (known[media.asset], media.media_type) for media in described}
        body, warnings = lower(order, wanted, files=files)
        return Prepared(order, body, warnings)

    async def submit(self, prepared: Prepared) -> Ticket:
        """POST /interactions, in the background. Raises what the answer means."""
        headers = {**self._headers(), "Content-Type": "application/json"}
        body = json.dumps(prepared.body).encode()
        reply = await self.http.send("POST", self._url("interactions"), headers=headers, body=body, timeout=prepared.order.timeout)
        _check_files(reply, prepared.order)
        judge_paid(reply)
        found = read_object(reply).get("id")
        if not isinstance(found, str) or not found:
            raise Ambiguous(f"the upstream accepted the interaction ({reply.status}) and gave no id for it")
        return Ticket({"id": found})

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        """One request a ticket. An error about one of several is raised for all; ask for that one alone to know which."""
        answers = await asyncio.gather(*map(self._look, tickets), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [read_progress(answer) for answer in answers if isinstance(answer, Reply)]

    @asynccontextmanager
    async def download(self, ticket: Ticket, *, offset: int = 0) -> AsyncIterator[Stream]:
        """The video, by the address the interaction gives now: one that expired is never used again."""
        video = read_video(read_object(await self._look(ticket)))
        if video is not None and video.uri:
            url, headers = self._media_url(video.uri)
            async with self.http.stream(url, headers=headers, offset=offset) as stream:
                yield stream
        elif video is not None and video.inline:
            content = _decode(video.inline)[offset:]
            yield Stream(_once(content), "video/mp4", len(content))
        else:
            raise ProviderError("the upstream has no video for a finished interaction", retry=Retry.SAME)

    async def cancel(self, ticket: Ticket) -> Cancelled:
        """POST …/cancel. Whether what was made so far is charged is not documented, so it may be."""
        reply = await self.http.ask("POST", f"{self._interaction(ticket)}/cancel", headers=self._headers())
        if reply.status in {400, 404, 409, 410}:
            return Cancelled(Stopped.TOO_LATE, may_cost=True)
        judge_known(reply)
        late = read_progress(reply).phase in {Phase.DONE, Phase.FAILED}
        return Cancelled(Stopped.TOO_LATE if late else Stopped.STOPPED, may_cost=True)

    async def discard(self, ticket: Ticket) -> None:
        reply = await self.http.ask("DELETE", self._interaction(ticket), headers=self._headers())
        try:
            judge_known(reply)
        except LostJob:
            return

    async def bind(self, character: Character, media: References) -> Handle:
        """The character's files in the Files API, by asset. They live 48 hours, of which the last two are not counted on."""
        chosen = [media.media[variant] for variant in choose_forms(media.media)]
        if not chosen:
            raise Refused(f"{character.name} has no still and no short clip to be shown", code="character_source_unsuitable")
        links = await asyncio.gather(*map(self._upload, chosen))
        value = json.dumps({each.asset: link for each, link in zip(chosen, links, strict=True)})
        return Handle(value, expires_at=self._clock() + FILES_LIVE)

    async def unbind(self, handle: Handle) -> None:
        """Delete the files; one that is gone already is no error."""
        for uri in read_handle(handle.value).values():
            name = urlsplit(uri).path.rpartition("/")[2]
            reply = await self.http.ask("DELETE", self._url(f"files/{quote(name, safe='')}"), headers=self._headers())
            if reply.status not in {403, 404}:
                judge_known(reply)

    async def _look(self, ticket: Ticket) -> Reply:
        reply = await self.http.ask("GET", f"{self._interaction(ticket)}?stream=false", headers=self._headers())
        judge_known(reply)
        return reply

    async def _upload(self, media: Media) -> str:
        """The address of an asset in the Files API, for 48 hours: resumable, in pieces, and waited for until the vendor has read it."""
        headers = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(media.bytes),
            "X-Goog-Upload-Header-Content-Type": media.media_type,
            "Content-Type": "application/json",
        }
        about = json.dumps({"file": {"mime_type": media.media_type, "size_bytes": media.bytes}}).encode()
        begun = await self._give(f"{self._base}/upload/{self._version}/files", headers={**self._headers(), **headers}, body=about)
        target = begun.headers.get("x-goog-upload-url", "")
        if urlsplit(target)[:2] != urlsplit(self._base)[:2]:
            raise Refused("the upstream names another host than its own for an upload", retry=Retry.ELSEWHERE)
        async with self.http.assets.local(media.asset) as path:
            reply = await self._pour(target, path, size=media.bytes)
        return await self._wait_for(read_object(reply).get("file"))

    async def _pour(self, target: str, path: Path, *, size: int) -> Reply:
        for start in range(0, max(1, size), _CHUNK):
            piece = await asyncio.to_thread(_read_piece, path, start)
            command = "upload" if start + _CHUNK < size else "upload, finalize"
            reply = await self._give(target, headers={"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(start)}, body=piece)
        return reply

    async def _wait_for(self, file: object) -> str:
        for wait in _WAITS:
            found = file if isinstance(file, dict) else {}
            uri, name, state = found.get("uri"), found.get("name"), found.get("state")
            if state == "ACTIVE" and isinstance(uri, str):
                return uri
            if state == "FAILED" or not isinstance(name, str):
                raise Refused("the upstream could not read an uploaded file", code="character_source_unsuitable")
            await asyncio.sleep(wait)
            reply = await self.http.ask("GET", self._url(quote(name)), headers=self._headers())
            judge_known(reply)
            file = read_object(reply)
        raise ProviderError("the upstream still reads an uploaded file", retry=Retry.SAME)

    async def _give(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        # Free and repeatable, so what is not answered is an error to try again and never an unknown job.
        try:
            reply = await self.http.send("POST", url, headers=headers, body=body, timeout=_UPLOAD_SECONDS)
            judge_paid(reply)
        except Ambiguous as error:
            raise ProviderError(f"an upload broke off before anything was asked for: {error.message}", retry=Retry.SAME) from error
        return reply

    def _media_url(self, uri: str) -> tuple[str, Mapping[str, str]]:
        """Where a file's bytes are, and the key only where it belongs: at this account's own host or the vendor's."""
        parts = urlsplit(uri)
        home = parts[:2] in {urlsplit(self._base)[:2], urlsplit(HOME)[:2]}
        if not home:
            return uri, {}
        path = parts.path if not re.search(r"/files/[^/:]+$", parts.path) else f"{parts.path}:download"
        query = urlencode({**dict(parse_qsl(parts.query)), "alt": "media"})
        return urlunsplit((parts.scheme, parts.netloc, path, query, "")), {**self._headers(), "Accept": "*/*"}

    @property
    def _base(self) -> str:
        return (self.account.api_base or HOME).rstrip("/")

    @property
    def _version(self) -> str:
        version = str(self.account.settings.get("api_version", API_VERSION))
        if not _VERSION.fullmatch(version):
            raise Refused(f"api_version is v1 or v1beta, and not {version[:40]!r}", code="provider_refused")
        return version

    def _url(self, path: str) -> str:
        return f"{self._base}/{self._version}/{path}"

    def _interaction(self, ticket: Ticket) -> str:
        return self._url(f"interactions/{quote(str(ticket.data['id']), safe='')}")

    def _headers(self) -> Mapping[str, str]:
        key = self.account.api_key
        return {"Accept": "application/json"} | ({"x-goog-api-key": key} if key else {})


def _check_files(reply: Reply, order: Order) -> None:
    """Raise HandleGone for a refusal over a file that a handle of the cast stands for. Its words are not verified: a file that is gone
    is said to be refused as one that "may not exist"."""
    said = reply.body.decode(errors="replace")
    if reply.status not in {400, 403, 404} or not _NO_FILE.search(said):
        return
    handles = [member.handle for member in order.cast if member.handle]
    named = [handle for handle in handles if any(uri.rpartition("/")[2] in said for uri in read_handle(handle).values())]
    if handles:
        raise HandleGone("the upstream no longer has a file of a character", handles=named)


def _read_piece(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(_CHUNK)


def _decode(inline: str) -> bytes:
    try:
        return base64.b64decode(inline, validate=True)
    except binascii.Error as error:
        raise ProviderError("the upstream gave a video that is not base 64", retry=Retry.SAME) from error


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
