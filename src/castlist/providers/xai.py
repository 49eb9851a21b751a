"""xAI's Grok Imagine over REST: characters as reference images, named by tags."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar, Final
from urllib.parse import quote

from castlist.errors import ProviderError, Refused, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.characters import CastMember, Fidelity, Note
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Source
from castlist.model.providing import Order, Prepared, Progress, Provider, Reply, SettingNames, Stream, Ticket
from castlist.providers.polling import ask_each
from castlist.providers.replies import read_id
from castlist.providers.tags import feature, neutralise
from castlist.providers.uploads import stills_of
from castlist.providers.xai_models import MOST_IMAGES, SHAPES, STILLS, limits
from castlist.providers.xai_replies import judge_known, judge_paid, read_link, read_progress

HOME: Final = "https://api.x.ai/v1"
TAG: Final = re.compile(r"<\s*(?:IMAGE|VIDEO|AUDIO)_?\d+\s*>", re.IGNORECASE)
_LONG, _SHORT = 1280, 720


class XAI(Provider):
    """Grok Imagine models under one API key. Images and videos go inside the request as data URIs, so nothing needs a public address.

    The vendor keeps no characters, takes no key against double sending, lists no videos and cannot cancel: a lost answer stays
    unknown. Not verified with the live service: how long a body may be.
    """

    name: ClassVar[str] = "xai"
    settings: ClassVar[SettingNames | None] = {}

    def capabilities(self, model: str) -> Capabilities:
        return limits(model)

    async def prepare(self, order: Order) -> Prepared:
        """Compiles route and body, with every picture inside it."""
        match order.operation:
            case CreateVideo():
                return await self._prepare_new(order, order.operation)
            case ExtendVideo(source=source, seconds=seconds):
                return await self._prepare_follow_up(order, source, route="extensions", more={"duration": seconds})
            case EditVideo(source=source) | RemixVideo(source=source):
                return await self._prepare_follow_up(order, source, route="edits", more={})

    async def submit(self, prepared: Prepared) -> Ticket:
        """POST to the route that `prepare` chose. Raises what the answer means."""
        headers = {**self._headers(), "Content-Type": "application/json"}
        body = json.dumps(prepared.body["document"]).encode()
        url = f"{self._base}/videos/{prepared.body['route']}"
        reply = await self.http.send("POST", url, headers=headers, body=body, timeout=prepared.order.timeout)
        judge_paid(reply)
        return Ticket({"id": read_id(reply, "request_id")})

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        return [read_progress(reply) for reply in await ask_each(self._look, tickets)]

    @asynccontextmanager
    async def download(self, ticket: Ticket, *, offset: int = 0) -> AsyncIterator[Stream]:
        """The video, by the address it has now, which lives for about a day; it is public, so the key is not sent there."""
        url = read_link(await self._look(ticket))
        if url is None:
            raise ProviderError("the upstream has no address for a finished video", retry=Retry.SAME)
        async with self.http.stream(url, headers={"Accept": "video/mp4"}, offset=offset) as stream:
            yield stream

    async def check(self) -> Reply:
        """GET /models; not verified with the live service."""
        reply = await self.http.ask("GET", f"{self._base}/models", headers=self._headers())
        judge_known(reply)
        return reply

    async def _look(self, ticket: Ticket) -> Reply:
        url = f"{self._base}/videos/{quote(str(ticket.data['id']), safe='')}"
        reply = await self.http.ask("GET", url, headers=self._headers())
        judge_known(reply)
        return reply

    async def _prepare_new(self, order: Order, operation: CreateVideo) -> Prepared:
        shown = [member for member in order.cast if member.fidelity is not Fidelity.DESCRIBED]
        stills: dict[str, list[str]] = {}
        for member in shown:
            stills.setdefault(member.name, []).extend(_stills(member, order, budget=MOST_IMAGES // len(shown)))
        ratio, resolution = SHAPES[operation.size]
        prompt, notes = feature(order.prompt, _number(stills), pattern=TAG)
        document: dict[str, object] = {
            "model": order.provider_model,
            "prompt": prompt,
            "duration": operation.seconds,
            "aspect_ratio": ratio,
            "resolution": resolution,
        }
        if operation.reference:
            document["image"] = {"url": await self._inline(operation.reference)}
        if stills:
            images = [asset for assets in stills.values() for asset in assets]
            document["reference_images"] = [{"url": url} for url in await asyncio.gather(*map(self._inline, images))]
        audio = operation.wishes.options.get(self.name, {}).get("audio")
        if audio is not None:
            document["generate_audio"] = audio == "on"
        return Prepared(order, {"route": "generations", "document": document}, (*notes, *_advise(order)), prompt=prompt)

    async def _prepare_follow_up(self, order: Order, source: Source, *, route: str, more: Mapping[str, object]) -> Prepared:
        prompt = neutralise(order.prompt, TAG)
        document = {
            "model": order.provider_model,
            "prompt": prompt,
            "video": {"url": await self._inline(source.asset)},
            **more,
        }
        notes = (*_advise(order), *_advise_follow_up(order, source))
        return Prepared(order, {"route": route, "document": document}, notes, prompt=prompt)

    async def _inline(self, asset: str) -> str:
        """The asset as a data URI: the vendor's way to take a file without an address. Nothing of it stays there to hold a handle on."""
        media = await self.http.assets.describe(asset)
        content = await self.http.assets.read(asset)
        return f"data:{media.media_type};base64,{base64.b64encode(content).decode()}"

    @property
    def _base(self) -> str:
        return (self.account.api_base or HOME).rstrip("/")

    def _headers(self) -> Mapping[str, str]:
        key = self.account.api_key
        return {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})


def _stills(member: CastMember, order: Order, *, budget: int) -> Sequence[str]:
    stills = stills_of(member.media)[: min(STILLS, budget)]
    if not stills:
        text = f"{member.name} has no still that could be shown to {order.provider_model}, which takes no clips"
        raise Refused(text, code="character_source_unsuitable")
    return stills


def _number(stills: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """The tags of each member's images, counted from 1 over all of them."""
    tags, at = {}, 1
    for name, assets in stills.items():
        tags[name] = ", ".join(f"<IMAGE_{n}>" for n in range(at, at + len(assets)))
        at += len(assets)
    return tags


def _advise(order: Order) -> tuple[Note, ...]:
    if order.operation.seed is None:
        return ()
    return (Note("seed_ignored", f"{order.provider_model} takes no seed, so {order.operation.seed} was not sent.", "seed"),)


def _advise_follow_up(order: Order, source: Source) -> tuple[Note, ...]:
    notes = []
    for option in order.operation.wishes.options.get(XAI.name, {}):
        notes.append(Note("option_ignored", f"{order.provider_model} makes a video from another without {option}.", f"xai.{option}"))
    if max(source.size.width, source.size.height) > _LONG or min(source.size.width, source.size.height) > _SHORT:
        text = f"{order.provider_model} makes at most 720p from a video, and this one is {source.size}."
        notes.append(Note("size_lowered", text, "size", str(source.size), "720p"))
    return tuple(notes)
