"""The openai adapter beside the official SDK, all intents in one comparison, which an adapter with one field wrong must fail."""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import replace

import openai
import pytest

from castlist import samples
from castlist.errors import ProviderError
from castlist.model.characters import Fidelity
from castlist.model.operations import EditVideo, ExtendVideo, RemixVideo
from castlist.model.providing import Account, Part
from castlist.providers.openai import OpenAI
from castlist.testing.upstream import serve_upstream
from providers.emulators.strict import mutate
from providers.test_openai_cast import MINE, PROMPT, THEIRS, create, follow, member, png
from providers.wires import reach

IGNORED = {
    "order of fields": "a form says the same in any order, but for several of one name",
    "user-agent, x-stainless-*, boundary": "the SDK's own",
    "idempotency-key": "ours, which another Castlist knows; OpenAI ignores it",
}
"""What is not compared, and why."""

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled")
WORDS = {"prompt": PROMPT, "model": "sora-2", "seconds": "4", "size": "1280x720"}
LUNA = [member(Fidelity.NATIVE, handle=handle) for handle in ("char_a", "char_b")]


@pytest.fixture
def folder(tmp_path):
    shutil.copy(samples.path("luna.mp4"), tmp_path / "source.mp4")
    (tmp_path / "frame.png").write_bytes(png(200))
    return tmp_path


def frame(folder):
    return ("frame.png", (folder / "frame.png").read_bytes(), "image/png")


def source(folder):
    return ("source.mp4", (folder / "source.mp4").read_bytes(), "video/mp4")


NATIVE = {"extra_body": {"characters": [{"id": "char_a"}, {"id": "char_b"}]}}
OWN = {"video": openai.omit, "extra_body": {"video": THEIRS}}
INTENTS = {
    "words": (create(), lambda sdk, _: sdk.create(**WORDS)),
    "two characters": (create(*LUNA), lambda sdk, _: sdk.create(**WORDS, **NATIVE)),
    "two and a frame": (
        create(*LUNA, reference="frame.png"),
        lambda sdk, folder: sdk.create(**WORDS, **NATIVE, input_reference=frame(folder)),
    ),
    "edit its own": (follow(EditVideo("at night", "hero", MINE), ticket=THEIRS), lambda sdk, _: sdk.edit(prompt="at night", **OWN)),
    "edit an upload": (follow(EditVideo("at night", "hero", MINE)), lambda sdk, folder: sdk.edit(prompt="at night", video=source(folder))),
    "extend its own": (
        follow(ExtendVideo("on", "hero", 8, MINE), ticket=THEIRS),
        lambda sdk, _: sdk.extend(prompt="on", seconds="8", **OWN),
    ),
    "extend an upload": (
        follow(ExtendVideo("on", "hero", 8, MINE)),
        lambda sdk, folder: sdk.extend(prompt="on", seconds="8", video=source(folder)),
    ),
    "remix": (
        follow(RemixVideo("on the moon", "hero", MINE), ticket=THEIRS),
        lambda sdk, _: sdk.remix(THEIRS["id"], prompt="on the moon"),
    ),
}


def canonical(recorded):
    """A request without what is ignored."""
    fields = sorted(recorded.fields, key=lambda field: field.name)
    return recorded.method, recorded.path, recorded.headers, recorded.content_type, fields, recorded.document


@pytest.fixture
def upstream():
    with serve_upstream(key="sk-live") as upstream:
        upstream.characters |= {"char_a": ("Luna", b"clip"), "char_b": ("Mossy", b"clip")}
        yield upstream


def theirs(upstream, folder, intent):
    """What the SDK sends, to an upstream that has made one video."""
    with openai.OpenAI(base_url=upstream.base_url, api_key="sk-live", max_retries=0) as client:
        client.videos.create(prompt="A fox")
        INTENTS[intent][1](client.videos, folder)
    return canonical(upstream.requests[-1])


def ours(upstream, folder, act):
    """All that the adapter sent."""
    before = len(upstream.requests)

    async def scene():
        async with reach(folder, api_base=upstream.base_url) as http:
            await act(OpenAI(Account("local", "openai", api_base=upstream.base_url, api_key="sk-live"), http))

    asyncio.run(scene())
    return [canonical(each) for each in upstream.requests[before:]]


def wrong(body):
    """Every way in which one field of a compiled request can be wrong."""
    yield {**body, "path": f"{body['path']}s"}
    for _, document in mutate(body.get("json")):
        yield {**body, "json": document or {"nothing": 0}}
    form = body.get("form") or []
    for n, part in enumerate(form):
        other = part.value + (b"?" if isinstance(part.value, bytes) else "?")
        parts = [replace(part, name=f"{part.name}x"), replace(part, value=other)]
        parts += [replace(part, filename=None), replace(part, media_type="text/plain")] if part.filename else []
        yield {**body, "form": form[:n] + form[n + 1 :] or [Part("nothing", "0")]}
        yield {**body, "form": [*form, part]}
        yield from ({**body, "form": [*form[:n], each, *form[n + 1 :]]} for each in parts)


@pytest.mark.parametrize("intent", INTENTS)
def test_an_intent_is_sent_as_the_sdk_sends_it_and_one_field_wrong_is_noticed(upstream, folder, intent):
    expected = theirs(upstream, folder, intent)
    tried = []

    async def act(provider):
        prepared = await provider.prepare(INTENTS[intent][0])
        await provider.submit(prepared)
        for body in wrong(prepared.body):
            tried.append(body)
            with suppress(ProviderError):
                await provider.submit(replace(prepared, body=body))

    right, *others = ours(upstream, folder, act)

    assert right == expected
    assert len(others) == len(tried) - 1 > 2, "another path is none of the upstream's"
    assert [each for each in others if each == expected] == []
