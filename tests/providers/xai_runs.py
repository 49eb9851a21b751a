"""Orders and runs of the xai adapter against its emulator; every file has bytes of its own."""

import asyncio
from contextlib import asynccontextmanager

from castlist.model.characters import CastMember, Fidelity
from castlist.model.operations import CreateVideo, Size, Source
from castlist.model.providing import Account, Order
from castlist.providers.xai import XAI
from providers.wires import reach

KEY = "xai-live"
FIRST, PINNED = "grok-imagine-video", "grok-imagine-video-1.5"
HD, FULL = Size(1280, 720), Size(1920, 1080)


@asynccontextmanager
async def adapt(upstream, folder, *, key=KEY):
    async with reach(folder, api_base=upstream.base_url) as http:
        yield XAI(Account("local", "xai", api_base=f"{upstream.base_url}/v1", api_key=key), http)


def run(upstream, folder, act, **options):
    async def with_provider():
        async with adapt(upstream, folder, **options) as provider:
            return await act(provider)

    return asyncio.run(with_provider())


def member(folder, name, *, stills=4, fidelity=Fidelity.REFERENCE):
    """A character whose every file has bytes of its own."""
    media = {f"jpeg-{n}": f"{name.lower()}-{n}.jpg" for n in range(stills)}
    for asset in media.values():
        (folder / asset).write_bytes(f"bytes of {asset}".encode())
    return CastMember(f"char_{name}", name, fidelity, media=media)


def order(folder, operation=None, *, cast=(), model=FIRST, timeout=5.0):
    operation = operation or CreateVideo("A fox walks.", "hero", 8, HD)
    for asset in (getattr(operation, "reference", None), getattr(getattr(operation, "source", None), "asset", None)):
        if asset:
            (folder / asset).write_bytes(f"bytes of {asset}".encode())
    return Order(operation, model, operation.prompt, tuple(cast), "video_1", 7, timeout=timeout)


async def submit(provider, wanted):
    return await provider.submit(await provider.prepare(wanted))


def create(prompt="Luna dances", *, reference=None, size=HD):
    return CreateVideo(prompt, "hero", 8, size, characters=("char_Luna",), reference=reference)


def source(seconds=8, size=HD):
    return Source("source.mp4", seconds, size, video="video_0")


def sent(upstream, folder, wanted):
    run(upstream, folder, lambda provider: submit(provider, wanted))
    heard = upstream.requests[-1]
    assert heard.headers == (("authorization", f"Bearer {KEY}"),)
    return heard.path, heard.document
