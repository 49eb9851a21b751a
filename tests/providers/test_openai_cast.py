"""Characters, opening frames and follow-ups on servers with OpenAI's shapes: what each kind is sent."""

import asyncio
import shutil
import struct
import zlib
from dataclasses import replace

import openai
import pytest

from castlist import samples
from castlist.errors import Refused, Retry
from castlist.model.characters import CastMember, Character, CharacterState, Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size, Source
from castlist.model.providing import Account, Handle, Media, Order, References, Ticket
from castlist.providers.openai import Azure, HostedVllm, OpenAI, SGLang
from castlist.providers.openai_forms import create_form
from castlist.testing.upstream import serve_upstream
from providers.wires import reach

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled")

PROMPT = "Luna waves to Mossy"
SIZE = Size(1280, 720)
LUNA = Character("char_luna", "default", "Luna", "", CharacterState.READY, None, "d", assets={"video": "luna.mp4"})
MINE = Source("source.mp4", 4.0, SIZE, video="video_ours")
THEIRS = {"id": "video_00000001"}


@pytest.fixture
def folder(tmp_path):
    """A store with Luna's clip and stills, an opening frame and a source."""
    for name in ("luna.mp4", "source.mp4"):
        shutil.copy(samples.path("luna.mp4"), tmp_path / name)
    for number in range(4):
        (tmp_path / f"still-{number}.png").write_bytes(png(number))
    (tmp_path / "frame.png").write_bytes(png(200))
    return tmp_path


def png(grey):
    """A picture of one grey pixel."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(bytes([0, grey]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def member(fidelity, *, handle=None):
    media = {"video": "luna.mp4", **{f"still-{n}": f"still-{n}.png" for n in range(4)}}
    return CastMember("char_luna", "Luna", fidelity, handle=handle, media=media)


def create(*cast, reference=None):
    operation = CreateVideo(PROMPT, "hero", 4, SIZE, characters=tuple(m.id for m in cast), reference=reference)
    return Order(operation, "sora-2", PROMPT, cast, "video_1", 7)


def follow(operation, *, ticket=None):
    return Order(operation, "sora-2", operation.prompt, (), "video_1", 7, source_ticket=ticket)


def send(adapter, folder, *orders, upstream, **settings):
    """What the upstream recorded of these orders, one after the other."""

    async def act():
        async with reach(folder, api_base=upstream.base_url) as http:
            account = Account("local", adapter.name, api_base=upstream.base_url, api_key="sk-live", settings=settings)
            provider = adapter(account, http)
            return [await provider.submit(await provider.prepare(order)) for order in orders]

    tickets = asyncio.run(act())
    return tickets, upstream.requests[-len(orders) :]


def bind(folder, upstream, act):
    async def with_provider():
        async with reach(folder, api_base=upstream.base_url) as http:
            return await act(OpenAI(Account("local", "openai", api_base=upstream.base_url, api_key="sk-live"), http))

    return asyncio.run(with_provider())


def luna():
    return References({"video": Media("luna.mp4", "video/mp4", samples.path("luna.mp4").stat().st_size)})


def test_a_character_is_uploaded_as_the_official_sdk_uploads_it(folder):
    with serve_upstream() as upstream:
        client = openai.OpenAI(base_url=upstream.base_url, api_key="sk-live", max_retries=0)
        theirs = client.videos.create_character(name="Luna", video=("char_luna.mp4", (folder / "luna.mp4").read_bytes(), "video/mp4"))
        client.close()
        handle = bind(folder, upstream, lambda provider: provider.bind(LUNA, luna()))
        sent, ours = upstream.requests

    assert ours == sent
    assert handle == Handle("char_00000002")
    assert (theirs.id, theirs.name) == ("char_00000001", "Luna")
    assert upstream.characters["char_00000002"] == ("Luna", (folder / "luna.mp4").read_bytes())


def test_a_server_without_characters_says_which_setting_helps(folder):
    with serve_upstream() as upstream:
        upstream.break_next("character", "absent")
        with pytest.raises(Refused, match="set characters: references") as caught:
            bind(folder, upstream, lambda provider: provider.bind(LUNA, luna()))

    assert (caught.value.code, caught.value.retry) == ("characters_not_native", Retry.ELSEWHERE)


@pytest.mark.parametrize("fault", ["refuse", "error"])
def test_a_character_that_is_refused_is_an_error(folder, fault):
    with serve_upstream() as upstream:
        upstream.break_next("character", fault)
        with pytest.raises(Exception, match="the upstream"):
            bind(folder, upstream, lambda provider: provider.bind(LUNA, luna()))

    assert upstream.characters == {}


def test_a_character_is_let_go_again(folder):
    async def twice(provider):
        handle = await provider.bind(LUNA, luna())
        await provider.unbind(handle)
        await provider.unbind(handle)

    with serve_upstream() as upstream:
        bind(folder, upstream, twice)

    assert upstream.characters == {}


def test_native_characters_and_the_opening_frame_go_as_the_official_sdk_sends_them(folder):
    with serve_upstream() as upstream:
        upstream.characters |= {"char_a": ("Luna", b"clip"), "char_b": ("Mossy", b"clip")}
        client = openai.OpenAI(base_url=upstream.base_url, api_key="sk-live", max_retries=0)
        client.videos.create(
            prompt=PROMPT,
            model="sora-2",
            seconds="4",
            size="1280x720",
            input_reference=("frame.png", (folder / "frame.png").read_bytes(), "image/png"),
            extra_body={"characters": [{"id": "char_a"}, {"id": "char_b"}]},
        )
        client.close()
        cast = (member(Fidelity.NATIVE, handle="char_a"), replace(member(Fidelity.NATIVE, handle="char_b"), id="char_mossy", name="Mossy"))
        _, (ours,) = send(OpenAI, folder, create(*cast, reference="frame.png"), upstream=upstream)
        theirs = upstream.requests[0]

    def in_order(request):
        return sorted(request.fields, key=lambda field: field.name)

    assert in_order(ours) == in_order(theirs)
    assert [field.value for field in ours.fields if field.name == "characters[][id]"] == [b"char_a", b"char_b"]
    assert next(field.value for field in ours.fields if field.name == "input_reference") == png(200)


def test_a_character_without_its_handle_is_never_left_out(folder):
    with serve_upstream() as upstream, pytest.raises(Refused, match="Luna cannot be sent") as caught:
        send(OpenAI, folder, create(member(Fidelity.NATIVE)), upstream=upstream)

    assert caught.value.code == "character_not_sendable"
    assert upstream.accepted == 0


@pytest.mark.parametrize("kind", ["edit", "extend"])
@pytest.mark.parametrize("made", ["by the upstream", "elsewhere"])
def test_follow_ups_go_as_the_official_sdk_sends_them(folder, kind, made):
    ticket = THEIRS if made == "by the upstream" else None
    with serve_upstream() as upstream:
        send(OpenAI, folder, create(), upstream=upstream)
        client = openai.OpenAI(base_url=upstream.base_url, api_key="sk-live", max_retries=0)
        file = ("source.mp4", (folder / "source.mp4").read_bytes(), "video/mp4")
        video = {"video": openai.omit, "extra_body": {"video": THEIRS}} if ticket else {"video": file}
        if kind == "edit":
            client.videos.edit(prompt="at night", **video)
            operation = EditVideo("at night", "hero", MINE)
        else:
            client.videos.extend(prompt="at night", seconds="8", **video)
            operation = ExtendVideo("at night", "hero", 8, MINE)
        client.close()
        _, (ours,) = send(OpenAI, folder, follow(operation, ticket=ticket), upstream=upstream)
        theirs = upstream.requests[1]

    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert sorted(ours.fields, key=lambda field: field.name) == sorted(theirs.fields, key=lambda field: field.name)


def test_a_remix_goes_as_the_official_sdk_sends_it(folder):
    with serve_upstream() as upstream:
        send(OpenAI, folder, create(), upstream=upstream)
        client = openai.OpenAI(base_url=upstream.base_url, api_key="sk-live", max_retries=0)
        remixed = client.videos.remix(THEIRS["id"], prompt="on the moon")
        client.close()
        _, (ours,) = send(OpenAI, folder, follow(RemixVideo("on the moon", "hero", MINE), ticket=THEIRS), upstream=upstream)

    assert ours == upstream.requests[1]
    assert remixed.remixed_from_video_id == THEIRS["id"]


def test_a_remix_of_a_video_made_elsewhere_is_an_edit_of_our_copy(folder):
    with serve_upstream() as upstream:
        _, (request,) = send(OpenAI, folder, follow(RemixVideo("on the moon", "hero", MINE)), upstream=upstream)

    assert request.path.endswith("/edits")
    assert [field.value for field in request.fields if field.name == "video"] == [(folder / "source.mp4").read_bytes()]


def test_a_server_that_keeps_no_characters_after_all_is_shown_pictures(folder):
    with serve_upstream(native=False) as upstream:
        _, (request,) = send(OpenAI, folder, create(member(Fidelity.REFERENCE)), upstream=upstream)

    shown = [field.value for field in request.fields if field.name == "input_references"]
    assert shown == [(folder / f"still-{n}.png").read_bytes() for n in range(3)]


def test_pictures_and_an_opening_frame_are_not_sent_together(folder):
    with serve_upstream(native=False) as upstream, pytest.raises(Refused) as caught:
        send(OpenAI, folder, create(member(Fidelity.REFERENCE), reference="frame.png"), upstream=upstream)

    assert (caught.value.code, caught.value.retry) == ("reference_conflict", Retry.ELSEWHERE)
    assert upstream.counts["create"] == 0


def test_what_vllm_and_sglang_can_do():
    vllm, sglang = (adapter(Account("gpu", adapter.name), None).capabilities("wan") for adapter in (HostedVllm, SGLang))
    framed = create(member(Fidelity.REFERENCE), reference="frame.png").operation

    assert (vllm.characters, vllm.fidelity) == (2, Fidelity.REFERENCE)
    assert (sglang.characters, sglang.fidelity) == (1, Fidelity.REFERENCE)
    assert vllm.why_not(framed)[0] == "reference_conflict"
    assert sglang.why_not(framed) is None
    assert vllm.implements == sglang.implements == frozenset({"create"})


@pytest.mark.parametrize(("adapter", "field", "count"), [(HostedVllm, "input_references", 3), (SGLang, "video_reference", 1)])
def test_what_goes_by_reference_is_the_character_itself(folder, adapter, field, count):
    async def act():
        async with reach(folder) as http:
            provider = adapter(Account("gpu", adapter.name, api_base="http://127.0.0.1:1/v1"), http)
            order = create(member(Fidelity.REFERENCE))
            return await create_form(order, order.operation, profile=provider.chosen, assets=http.assets)

    parts = [part for part in asyncio.run(act()) if part.name == field]

    assert len(parts) == count
    wanted = [folder / "luna.mp4"] if count == 1 else [folder / f"still-{n}.png" for n in range(count)]
    assert [part.value for part in parts] == [path.read_bytes() for path in wanted]


@pytest.mark.parametrize(
    ("setting", "places", "fidelity"),
    [("native", 2, Fidelity.NATIVE), ("references", 2, Fidelity.REFERENCE), ("none", 0, Fidelity.REFERENCE)],
)
def test_a_deployment_may_say_how_its_server_takes_characters(setting, places, fidelity):
    account = Account("gpu", "hosted_vllm", api_base="http://gpu.local/v1", settings={"characters": setting})

    capabilities = HostedVllm(account, None).capabilities("wan")

    assert (capabilities.characters, capabilities.fidelity, capabilities.binds) == (places, fidelity, setting == "native")


def test_another_server_takes_pictures_where_its_deployment_says_so(folder):
    async def act():
        async with reach(folder) as http:
            provider = OpenAI(Account("gpu", "openai", api_base="http://127.0.0.1:1/v1", settings={"characters": "references"}), http)
            order = create(member(Fidelity.REFERENCE))
            parts = await create_form(order, order.operation, profile=provider.chosen, assets=http.assets)
            return provider.capabilities("wan"), [part.name for part in parts].count("input_references")

    capabilities, pictures = asyncio.run(act())

    assert (capabilities.fidelity, capabilities.reference_with_characters, pictures) == (Fidelity.REFERENCE, False, 3)


def test_a_word_that_is_no_way_to_take_characters_is_refused():
    account = Account("gpu", "openai", api_base="http://gpu.local/v1", settings={"characters": "clips"})

    with pytest.raises(ValueError, match="characters is native, references or none, and not 'clips'"):
        OpenAI(account, None)


def test_azure_has_its_own_header_for_the_key(folder):
    with serve_upstream() as upstream:
        _, (request,) = send(Azure, folder, create(), upstream=upstream)

    assert "authorization" not in dict(request.headers)


def test_a_ticket_holds_the_upstreams_id(folder):
    with serve_upstream() as upstream:
        tickets, _ = send(OpenAI, folder, create(), upstream=upstream)

    assert tickets == [Ticket({"id": "video_00000001"})]
