"""Runs of the gemini adapter against its emulator, and orders for it."""

import asyncio
from contextlib import asynccontextmanager

from castlist.model.characters import CastMember, Fidelity
from castlist.model.operations import CreateVideo, Size, Source
from castlist.model.providing import Account, Order
from castlist.providers.gemini import Gemini
from providers.wires import reach

KEY = "AIza-live"
MODEL = "gemini-omni-1.2-flash"
HD = Size(1280, 720)


@asynccontextmanager
async def adapt(upstream, folder, *, key=KEY, **settings):
    async with reach(folder, api_base=upstream.base_url) as http:
        yield Gemini(Account("local", "gemini", api_base=upstream.base_url, api_key=key, settings=settings), http)


def run(upstream, folder, act, **options):
    async def with_provider():
        async with adapt(upstream, folder, **options) as provider:
            return await act(provider)

    return asyncio.run(with_provider())


def member(folder, name, *, clip=True, stills=4, fidelity=Fidelity.REFERENCE):
    """A character whose every file has bytes of its own."""
    media = {f"jpeg-{n}": f"{name.lower()}-{n}.jpg" for n in range(stills)} | ({"clip-3s": f"{name.lower()}.mp4"} if clip else {})
    for asset in media.values():
        (folder / asset).write_bytes(f"bytes of {asset}".encode())
    return CastMember(f"char_{name}", name, fidelity, media=media)


def order(folder, operation=None, *, cast=(), model=MODEL, ticket=None, timeout=5.0):
    operation = operation or CreateVideo("A fox walks.", "hero", 8, Size(1280, 720))
    for asset in (getattr(operation, "reference", None), getattr(getattr(operation, "source", None), "asset", None)):
        if asset:
            (folder / asset).write_bytes(f"bytes of {asset}".encode())
    return Order(operation, model, operation.prompt, tuple(cast), "video_1", 7, source_ticket=ticket, timeout=timeout)


async def submit(provider, wanted):
    return await provider.submit(await provider.prepare(wanted))


def create(prompt="Luna dances", *, reference=None, size=HD):
    return CreateVideo(prompt, "hero", 8, size, characters=("char_Luna",), reference=reference)


def source(video="video_0", seconds=8):
    return Source("source.mp4", seconds, Size(1280, 720), video=video)


def sent(upstream, folder, wanted):
    run(upstream, folder, lambda provider: submit(provider, wanted))
    (document,) = upstream.sent("/interactions")
    return document


def parts(document):
    return [part for part in document["input"][0]["content"] if part["type"] != "text"]


def prompt(document):
    return document["input"][0]["content"][-1]["text"]


def shown(upstream, document):
    """What each part holds, by the bytes that were uploaded."""
    return [upstream.files[part["uri"].rpartition("/")[2]].decode().removeprefix("bytes of ") for part in parts(document)]


def task(document):
    return document["generation_config"]["video_config"]["task"]
