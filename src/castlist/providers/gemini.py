"""Gemini Omni through the Interactions API: characters as clips and stills uploaded to the Files API."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from castlist.errors import LostJob, ProviderError, Refused, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.characters import PADDED
from castlist.model.providing import (
    Callback,
    Cancelled,
    Handle,
    Media,
    Order,
    Phase,
    Prepared,
    Progress,
    Reply,
    SettingNames,
    Stopped,
    Stream,
    Ticket,
)
from castlist.providers.callbacks import KeySet, check_standard, check_token
from castlist.providers.gemini_models import limits
from castlist.providers.gemini_orders import CLIP, lower, plan
from castlist.providers.gemini_replies import judge_known, judge_paid, read_progress, read_video
from castlist.providers.polling import ask_each
from castlist.providers.replies import read_id, read_object
from castlist.providers.tags import read_at
from castlist.providers.uploads import KeepsUploads, Upload, check_held, give, read_handle

HOME: Final = "https://generativelanguage.googleapis.com"
API_VERSION: Final = "v1"
_VERSION: Final = re.compile(r"v[0-9]{1,3}(alpha|beta)?[0-9]{0,3}")
_NO_FILE: Final = re.compile(r"\bfiles?\b.{0,300}\b(not|expired|gone)\b", re.IGNORECASE | re.DOTALL)
"""Not verified: a file that is gone is said to be refused as one that "may not exist"."""

_CHUNK: Final = 8 * 1024 * 1024
_UPLOAD_SECONDS: Final = 120.0
_WAITS: Final = (0.1, 0.5, *[1.0] * 30, *[3.0] * 30)
"""Seconds between looks at an upload that the vendor still reads."""


class Gemini(KeepsUploads):
    """Omni models under one API key. The setting `api_version` is `v1`, the default of google-genai 3; the vendor's pages still show
    `v1beta`, and whether `v1` serves every feature of 1.2 is not verified.

    Nothing is kept by the vendor under a name of ours: an interaction takes labels, but none can be looked up by them (google-genai 3.4.0
    gets, cancels and deletes one by its id, and lists none), so a lost answer stays unknown. Uploads live 48 hours, of which the last two
    are not counted on. Not verified with the live service: whether an extension comes back whole.
    """

    name: ClassVar[str] = "gemini"
    settings: ClassVar[SettingNames | None] = {"api_version": ("v1", "v1beta"), "webhook_secret": ()}
    files_live: ClassVar[timedelta] = timedelta(hours=46)
    clips: ClassVar[Sequence[str]] = (CLIP,)
    padded: ClassVar[Sequence[str]] = tuple(PADDED)
    _keys: KeySet | None = None

    def capabilities(self, model: str) -> Capabilities:
        return limits(model)

    async def prepare(self, order: Order) -> Prepared:
        """Compiles the body, and uploads what no handle stands for; free, as uploads are not charged."""
        wanted = plan(order)
        body, warnings = lower(order, wanted, files=await self.place(order, wanted.assets))
        return Prepared(order, body, warnings, prompt=read_at(body, "input", 0, "content", -1, "text"))

    async def submit(self, prepared: Prepared) -> Ticket:
        """POST /interactions, in the background. Raises what the answer means."""
        headers = {**self._headers(), "Content-Type": "application/json"}
        body = json.dumps(prepared.body).encode()
        reply = await self.http.send("POST", self._url("interactions"), headers=headers, body=body, timeout=prepared.order.timeout)
        check_held(reply, prepared.order.cast, words=_NO_FILE)
        judge_paid(reply)
        return Ticket({"id": read_id(reply)})

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        return [read_progress(reply) for reply in await ask_each(self._look, tickets)]

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

    async def unbind(self, handle: Handle) -> None:
        """Delete the files; one that is gone already is no error."""
        for uri in read_handle(handle.value).values():
            name = urlsplit(uri).path.rpartition("/")[2]
            reply = await self.http.ask("DELETE", self._url(f"files/{quote(name, safe='')}"), headers=self._headers())
            if reply.status not in {403, 404}:
                judge_known(reply)

    async def recognise(self, callback: Callback) -> str:
        """The message's id: signed by the project's `webhook_secret` where the settings have one and it is signed so, else by Google."""
        secret = self.account.settings.get("webhook_secret")
        if secret and callback.headers.get("webhook-signature", "").startswith("v1,"):
            return check_standard(callback, str(secret))
        if self._keys is None:
            self._keys = KeySet(f"{self._base}/.well-known/jwks.json", self.http)
        return await check_token(callback, self._keys)

    async def check(self) -> Reply:
        """GET …/models, as the vendor's SDK lists them."""
        reply = await self.http.ask("GET", self._url("models?pageSize=1"), headers=self._headers())
        judge_known(reply)
        return reply

    async def _look(self, ticket: Ticket) -> Reply:
        reply = await self.http.ask("GET", f"{self._interaction(ticket)}?stream=false", headers=self._headers())
        judge_known(reply)
        return reply

    async def open_uploads(self) -> Upload:
        return self._upload

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
        begun = await self._post(f"{self._base}/upload/{self._version}/files", headers={**self._headers(), **headers}, body=about)
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
            reply = await self._post(target, headers={"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(start)}, body=piece)
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

    async def _post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        return await give(self.http.send("POST", url, headers=headers, body=body, timeout=_UPLOAD_SECONDS), judged=judge_paid)

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
