"""Orders and runs of the kling adapter against its emulator; every picture has a colour of its own."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np

from castlist.model.characters import HUMAN_CLIP, CastMember, Character, CharacterState, Fidelity, Subject
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size, Source, Wishes
from castlist.model.providing import Account, Handle, Order, References
from castlist.model.publishing import keep_private
from castlist.providers.kling import Kling
from providers.wires import reach

KEY, PAIR = "kling-live", "access-live:secret-live"
MODEL = "kling-3.0-omni"
HD, FULL = Size(1280, 720), Size(1920, 1080)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLOURS = {"luna": (200, 40, 40), "mossy": (40, 200, 40), "frame": (40, 40, 200)}


@asynccontextmanager
async def adapt(upstream, folder, *, key=KEY, publish=keep_private, **options):
    async with reach(folder, api_base=upstream.base_url, publish=publish) as http:
        yield Kling(Account("local", "kling", api_base=upstream.base_url, api_key=key), http, **options)


def run(upstream, folder, act, **options):
    async def with_provider():
        async with adapt(upstream, folder, **options) as provider:
            return await act(provider)

    return asyncio.run(with_provider())


def colour(name, number=0):
    """The colour of a picture: that of its name, lighter by its number."""
    return tuple(min(255, part + 15 * number) for part in COLOURS.get(name, (128, 128, 128)))


def paint(folder, asset, of, *, size=(320, 320)):
    """A picture of one colour as a file."""
    cv2.imwrite(str(folder / asset), np.full((*size, 3), of, np.uint8))


def is_painted(pixels, of):
    return bool(np.abs(pixels.reshape(-1, 3).mean(0) - of).max() < 3)


def member(folder, name, *, stills=4, handle=None, fidelity=Fidelity.NATIVE):
    """A character as casting hands it on, with its stills as files."""
    media = {f"jpeg-{n}": f"{name.lower()}-{n}.jpg" for n in range(stills)}
    for n, asset in enumerate(media.values()):
        paint(folder, asset, colour(name.lower(), n))
    return CastMember(f"char_{name}", name, fidelity, handle=handle, media=media)


def person(folder, name, **options):
    """A character marked human, with a clip that an element can be made of."""
    cast = member(folder, name, **options)
    (folder / f"{name.lower()}.mp4").write_bytes(b"film")
    return replace(cast, media={**cast.media, HUMAN_CLIP: f"{name.lower()}.mp4"}, subject=Subject.HUMAN)


async def bound(provider, folder, name, **options):
    """A character with an element of its own."""
    return await own(provider, member(folder, name, **options))


async def own(provider, cast):
    """The same with the handle on an element made for it."""
    return replace(cast, handle=(await element(provider, cast)).value)


async def element(provider, cast):
    """The handle on a character, waited for."""
    ticket = await start(provider, cast)
    for _ in range(100):
        made = await provider.poll_binding(ticket)
        if isinstance(made, Handle):
            return made
        assert made.failure is None, made.failure
        await asyncio.sleep(0.02)
    raise AssertionError("the element was never made")


async def start(provider, cast, **facts):
    described = {variant: await provider.http.assets.describe(asset) for variant, asset in cast.media.items()}
    about = cast.id, "default", cast.name, facts.get("description", ""), CharacterState.READY, NOW, "digest"
    character = Character(*about, subject=cast.subject)
    return await provider.bind(character, References(described))


def order(folder, operation=None, *, cast=(), model=MODEL, ticket=None, timeout=5.0, reference="video_1"):
    operation = operation or CreateVideo("A fox walks.", "hero", 8, HD)
    if getattr(operation, "reference", None):
        paint(folder, operation.reference, colour("frame"), size=(360, 640))
    return Order(operation, model, operation.prompt, tuple(cast), reference, 7, source_ticket=ticket, timeout=timeout)


def create(prompt="Luna dances", *, frame=None, size=HD, seconds=8, options=None, seed=None, degrade=False):
    wishes = Wishes(options={"kling": options} if options else {}, degrade=degrade)
    return CreateVideo(prompt, "hero", seconds, size, characters=("char_Luna",), reference=frame, wishes=wishes, seed=seed)


def source(*, seconds=8.0, size=HD):
    return Source("source.mp4", seconds, size, video="video_0")


def follow_up(kind, prompt="Warm light", *, seconds=4, of=None, degrade=False):
    of, wishes = of or source(), Wishes(degrade=degrade)
    if kind == "extend":
        return ExtendVideo(prompt, "hero", seconds, of, wishes=wishes)
    return (EditVideo if kind == "edit" else RemixVideo)(prompt, "hero", of, wishes=wishes)


async def submit(provider, wanted):
    return await provider.submit(await provider.prepare(wanted))


def sent(upstream, folder, wanted, **options):
    """The document of the one request for a video."""
    run(upstream, folder, lambda provider: submit(provider, wanted), **options)
    (document,) = documents(upstream)
    return document


def documents(upstream):
    return [each.document for each in upstream.requests if "omni-video" in each.path and each.method == "POST"]


def parts(document, *kinds):
    return [item for item in document["contents"] if item["type"] in kinds]


def prompt(document):
    (item,) = parts(document, "prompt")
    return item["text"]
