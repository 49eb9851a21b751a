"""The gemini adapter: what it sends for every kind of order, and what it makes of every answer."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from castlist.errors import Ambiguous, HandleGone, LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.characters import CastMember, Character, CharacterState, Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size, Source
from castlist.model.providing import Account, Order, Phase, References, Reply, Stopped, Ticket
from castlist.providers.gemini import Gemini
from castlist.providers.gemini_replies import read_progress
from castlist.testing import ProviderContract
from providers.emulators.gemini import INTERACTION, GeminiEmulator, serve_gemini
from providers.emulators.strict import complain, mutate
from providers.wires import reach

KEY = "AIza-live"
MODEL = "gemini-omni-1.2-flash"
HD = Size(1280, 720)


@pytest.fixture
def upstream():
    with serve_gemini(key=KEY, lasts=0) as server:
        yield server


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


def test_a_prompt_alone(upstream, tmp_path):
    assert sent(upstream, tmp_path, order(tmp_path)) == {
        "model": MODEL,
        "background": True,
        "input": [{"type": "user_input", "content": [{"type": "text", "text": "A fox walks."}]}],
        "generation_config": {"video_config": {"task": "text_to_video"}},
        "response_format": {"type": "video", "delivery": "uri", "aspect_ratio": "16:9", "resolution": "720p", "duration": "8s"},
    }


def test_an_opening_frame(upstream, tmp_path):
    document = sent(upstream, tmp_path, order(tmp_path, CreateVideo("It moves", "hero", 4, Size(1080, 1920), reference="frame.png")))

    assert (task(document), shown(upstream, document)) == ("image_to_video", ["frame.png"])
    assert prompt(document) == "[# Sources <FIRST_FRAME>@Image1]\nIt moves"
    assert document["response_format"]["aspect_ratio"] == "9:16"
    assert document["response_format"]["resolution"] == "1080p"


def test_one_character_by_clip_and_stills(upstream, tmp_path):
    document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna")]))

    assert task(document) == "reference_to_video"
    assert shown(upstream, document) == ["luna-0.jpg", "luna-1.jpg", "luna-2.jpg", "luna-3.jpg", "luna.mp4"]
    assert prompt(document) == (
        "[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2 <IMAGE_REF_2>@Image3 <IMAGE_REF_3>@Image4 <VIDEO_REF_0>@Video1]\n"
        "Luna (<VIDEO_REF_0>, <IMAGE_REF_0>, <IMAGE_REF_1>, <IMAGE_REF_2>, <IMAGE_REF_3>) dances"
    )


def test_two_characters_and_an_opening_frame(upstream, tmp_path):
    cast = [member(tmp_path, "Luna"), member(tmp_path, "Mossy")]
    document = sent(upstream, tmp_path, order(tmp_path, create("Mossy meets Luna", reference="frame.png"), cast=cast))

    assert shown(upstream, document) == [
        "frame.png", "luna-0.jpg", "luna-1.jpg", "mossy-0.jpg", "mossy-1.jpg", "luna.mp4", "mossy.mp4",
    ]  # fmt: skip
    assert prompt(document) == (
        "[# Sources <FIRST_FRAME>@Image1] [# References <IMAGE_REF_0>@Image2 <IMAGE_REF_1>@Image3 <IMAGE_REF_2>@Image4 "
        "<IMAGE_REF_3>@Image5 <VIDEO_REF_0>@Video1 <VIDEO_REF_1>@Video2]\n"
        "Mossy (<VIDEO_REF_1>, <IMAGE_REF_2>, <IMAGE_REF_3>) meets Luna (<VIDEO_REF_0>, <IMAGE_REF_0>, <IMAGE_REF_1>)"
    )


def test_two_characters_of_one_name_are_both_shown(upstream, tmp_path):
    twin = replace(member(tmp_path, "Twin", stills=1), name="Luna")
    document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", stills=1), twin]))

    assert shown(upstream, document) == ["luna-0.jpg", "twin-0.jpg", "luna.mp4", "twin.mp4"]
    assert prompt(document).endswith("Luna (<VIDEO_REF_0>, <VIDEO_REF_1>, <IMAGE_REF_0>, <IMAGE_REF_1>) dances")


def test_a_character_without_cuts_goes_by_its_plain_stills(upstream, tmp_path):
    (tmp_path / "s0.png").write_bytes(b"bytes of s0.png")
    plain = CastMember("char_Luna", "Luna", Fidelity.REFERENCE, media={"still-0": "s0.png", "video": "v.mp4"})

    assert shown(upstream, sent(upstream, tmp_path, order(tmp_path, create(), cast=[plain]))) == ["s0.png"]


def test_a_described_character_is_words_and_no_reference(upstream, tmp_path):
    document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", fidelity=Fidelity.DESCRIBED)]))

    assert (task(document), parts(document), prompt(document)) == ("text_to_video", [], "Luna dances")


def test_a_character_with_nothing_to_show_is_never_dropped(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", clip=False, stills=0)]))

    assert caught.value.code == "character_source_unsuitable"
    assert upstream.counts["create"] == 0


@pytest.mark.parametrize("text", ["Luna at <IMAGE_REF_0>", "Luna [# Sources <FIRST_FRAME>@Image1]", "Luna @Image 2 <previous_video>"])
def test_a_callers_own_tags_are_disarmed(upstream, tmp_path, text):
    ours = prompt(sent(upstream, tmp_path, order(tmp_path, create(text), cast=[member(tmp_path, "Luna", stills=1, clip=False)])))

    assert ours.startswith("[# References <IMAGE_REF_0>@Image1]\nLuna (<IMAGE_REF_0>) ")
    assert not set("<>@[") & set(ours.rpartition("(<IMAGE_REF_0>)")[2])


def test_an_edit_of_its_own_video_names_the_interaction(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        edit = EditVideo("Warm light", "hero", source())
        return await submit(provider, order(tmp_path, edit, ticket=ticket.data)), ticket

    _, first = run(upstream, tmp_path, act)
    document = upstream.sent("/interactions")[-1]
    assert (task(document), parts(document), prompt(document)) == ("edit", [], "Warm light")
    assert document["previous_interaction_id"] == first.data["id"]
    assert document["response_format"] == {"type": "video", "delivery": "uri"}


@pytest.mark.parametrize("kind", [EditVideo, RemixVideo])
def test_an_edit_of_a_video_from_elsewhere_uploads_it(upstream, tmp_path, kind):
    document = sent(upstream, tmp_path, order(tmp_path, kind("Warm light", "hero", source())))

    assert (task(document), shown(upstream, document)) == ("edit", ["source.mp4"])
    assert prompt(document) == "[# Sources <VIDEO_0>@Video1]\nWarm light"


def test_an_extension_shows_its_cast_by_stills(upstream, tmp_path):
    operation = ExtendVideo("Luna waves", "hero", 4, source(), characters=("char_Luna",))
    document = sent(upstream, tmp_path, order(tmp_path, operation, cast=[member(tmp_path, "Luna", stills=2)]))

    assert (task(document), shown(upstream, document)) == ("extend", ["luna-0.jpg", "luna-1.jpg", "source.mp4"])
    assert prompt(document).startswith("[# Sources <PREVIOUS_VIDEO>@Video1] [# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2]\n")
    assert document["response_format"]["duration"] == "4s"


def test_a_name_that_an_edit_does_not_mention_is_added_and_reported(upstream, tmp_path):
    operation = EditVideo("Warm light", "hero", source(), characters=("char_Luna",), seed=4)
    wanted = order(tmp_path, operation, cast=[member(tmp_path, "Luna", stills=1)])
    prepared = run(upstream, tmp_path, lambda provider: provider.prepare(wanted))

    assert [note.code for note in prepared.warnings] == ["character_name_added", "seed_ignored"]
    assert prompt(prepared.body).endswith("Featuring Luna (<IMAGE_REF_0>). Warm light")


def test_the_emulator_takes_no_body_with_a_field_wrong(tmp_path, upstream):
    cast = [member(tmp_path, "Luna"), member(tmp_path, "Mossy")]
    document = sent(upstream, tmp_path, order(tmp_path, create("Mossy meets Luna", reference="frame.png"), cast=cast))
    free = {".text another word", ".uri another word", ".model another word"}

    taken = [how for how, other in mutate(document) if not complain(other, INTERACTION)]

    assert complain(document, INTERACTION) is None
    assert {how for how in taken if not any(how.endswith(each) for each in free)} <= {
        f".response_format.{name} dropped" for name in ("aspect_ratio", "resolution", "duration")
    } | {f".input[0].content[{n}].uri dropped" for n in range(7)}


def test_the_api_version_is_a_setting(upstream, tmp_path):
    run(upstream, tmp_path, lambda provider: submit(provider, order(tmp_path)), api_version="v1beta")

    assert upstream.requests[0].path == "/v1beta/interactions"


def test_an_api_version_that_is_a_path_is_refused(upstream, tmp_path):
    with pytest.raises(Refused):
        run(upstream, tmp_path, lambda provider: submit(provider, order(tmp_path)), api_version="v1/../x")


def test_a_big_file_goes_in_pieces(upstream, tmp_path):
    wanted = order(tmp_path, EditVideo("Warm", "hero", source()))
    content = bytes(range(256)) * 40_000
    (tmp_path / "source.mp4").write_bytes(content)

    document = sent(upstream, tmp_path, wanted)

    assert upstream.files[parts(document)[0]["uri"].rpartition("/")[2]] == content
    commands = [dict(heard.headers)["X-Goog-Upload-Command"] for heard in upstream.requests if heard.path.startswith("/resumable")]
    assert commands == ["upload", "upload, finalize"]
    assert all("x-goog-api-key" not in dict(heard.headers) for heard in upstream.requests if heard.path.startswith("/resumable"))


def test_an_upload_that_is_still_read_is_waited_for(upstream, tmp_path):
    upstream.break_next("upload", "slow")

    assert sent(upstream, tmp_path, order(tmp_path, create(reference="frame.png")))


UPLOADS = {"error": Retry.SAME, "lose": Retry.SAME, "away": Retry.ELSEWHERE, "unreadable": Retry.ELSEWHERE}


@pytest.mark.parametrize("fault", UPLOADS)
def test_an_upload_that_fails_costs_nothing_and_is_no_unknown_job(upstream, tmp_path, fault):
    upstream.break_next("upload", fault)

    with pytest.raises(ProviderError) as caught:
        sent(upstream, tmp_path, order(tmp_path, create(reference="frame.png")))

    assert not isinstance(caught.value, Ambiguous | LostJob)
    assert (caught.value.retry, upstream.counts["create"]) == (UPLOADS[fault], 0)


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def bind(provider, folder, cast):
    described = {variant: await provider.http.assets.describe(asset) for variant, asset in cast.media.items()}
    character = Character(cast.id, "default", cast.name, "", CharacterState.READY, NOW, "digest")
    provider._clock = lambda: NOW
    return await provider.bind(character, References(described))


def test_a_handle_spares_the_uploads_of_a_character(upstream, tmp_path):
    async def act(provider):
        luna = member(tmp_path, "Luna")
        handle = await bind(provider, tmp_path, luna)
        before = upstream.counts["upload"]
        wanted = order(tmp_path, create(reference="frame.png"), cast=[replace(luna, handle=handle.value)])
        await submit(provider, wanted)
        return handle, before, upstream.counts["upload"] - before

    handle, first, then = run(upstream, tmp_path, act)
    assert (first, then) == (5, 1)
    assert handle.expires_at - NOW == timedelta(hours=46)
    assert shown(upstream, upstream.sent("/interactions")[0])[1] == "luna-0.jpg"


def test_a_file_that_the_vendor_lost_is_a_handle_that_is_gone(upstream, tmp_path):
    async def act(provider):
        luna, mossy = member(tmp_path, "Luna"), member(tmp_path, "Mossy")
        lost, kept = await bind(provider, tmp_path, luna), await bind(provider, tmp_path, mossy)
        await provider.unbind(lost)
        await provider.unbind(lost)
        cast = [replace(luna, handle=lost.value), replace(mossy, handle=kept.value)]
        with pytest.raises(HandleGone) as caught:
            await submit(provider, order(tmp_path, create(), cast=cast))
        return caught.value.handles, lost.value

    handles, lost = run(upstream, tmp_path, act)
    assert handles == (lost,)
    assert upstream.counts["accepted"] == 0


@pytest.mark.parametrize("value", ["", "handle", "[]", "null"])
def test_a_handle_that_is_not_ours_is_as_none(upstream, tmp_path, value):
    cast = [replace(member(tmp_path, "Luna", clip=False, stills=1), handle=value)]

    assert shown(upstream, sent(upstream, tmp_path, order(tmp_path, create(), cast=cast))) == ["luna-0.jpg"]


REFUSED = {
    "refuse": ("provider_refused", Retry.ELSEWHERE, None),
    "bad_key": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "forbidden": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "no_billing": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "quota": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "rate_limit": ("provider_rate_limited", Retry.SAME, 7.0),
    "rate_limit_bare": ("provider_rate_limited", Retry.SAME, None),
    "unavailable": ("provider_rate_limited", Retry.SAME, None),
}
BLOCKED = ("moderated", "array")
AMBIGUOUS = {"lose": 1, "hang": 1, "empty": 1, "no_id": 1, "error": 0, "proxy": 0}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_proves_that_nothing_exists_upstream(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path))

    assert (caught.value.code, caught.value.retry, caught.value.after) == REFUSED[fault]
    assert (upstream.counts["create"], upstream.counts["accepted"]) == (1, 0)
    assert KEY not in caught.value.message


@pytest.mark.parametrize("fault", BLOCKED)
def test_content_that_is_refused_is_never_sent_again(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Moderated) as caught:
        sent(upstream, tmp_path, order(tmp_path))

    assert "SAFETY" in caught.value.message


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_what_is_not_answered_is_ambiguous_and_sent_once(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Ambiguous):
        sent(upstream, tmp_path, order(tmp_path, timeout=0.5))

    assert (upstream.counts["create"], upstream.counts["accepted"]) == (1, AMBIGUOUS[fault])


def test_every_fault_of_the_emulator_is_met_somewhere_here():
    assert GeminiEmulator.faults["create"] == {*REFUSED, *BLOCKED, *AMBIGUOUS}
    assert GeminiEmulator.faults["upload"] == {*UPLOADS, "slow"}
    assert GeminiEmulator.faults["job"] == {*FATES, "inline"}
    assert GeminiEmulator.faults["poll"] == {*POLLS, "drop"}


def follow(upstream, folder, fate=None):
    async def act(provider):
        if fate:
            upstream.break_next("job", fate)
        return (await provider.poll([await submit(provider, order(folder))]))[0]

    return run(upstream, folder, act)


FATES = {
    "fail": (Phase.FAILED, "provider_failed", False, True),
    "safety": (Phase.FAILED, "moderation_blocked", True, False),
    "withheld": (Phase.FAILED, "moderation_blocked", True, False),
    "incomplete": (Phase.FAILED, "provider_failed", False, False),
    "requires_continuation": (Phase.FAILED, "provider_failed", False, False),
    "budget_exceeded": (Phase.FAILED, "provider_quota_exceeded", False, True),
    "cancelled": (Phase.CANCELLED, None, False, False),
    "stick": (Phase.RUNNING, None, False, False),
    "strange": (Phase.DONE, None, False, False),
    "requires_action": (Phase.DONE, None, False, False),
}


@pytest.mark.parametrize("fate", FATES)
def test_how_an_interaction_ended_is_told_in_our_words(upstream, tmp_path, fate):
    progress = follow(upstream, tmp_path, fate)

    code = progress.failure.code if progress.failure else None
    assert (progress.phase, code, progress.moderated, progress.retryable) == FATES[fate]


@pytest.mark.parametrize("word", ["warming_up", "requires_action", "in_progress", "QUEUEING"])
def test_a_status_word_that_nobody_knows_is_work_that_goes_on(word):
    assert read_progress(Reply(200, {}, json.dumps({"status": word}).encode())).phase is Phase.RUNNING


@pytest.mark.parametrize("body", [{}, {"status": None}, [], "completed", None])
def test_what_is_no_interaction_is_an_error_to_try_again(body):
    with pytest.raises(ProviderError) as caught:
        read_progress(Reply(200, {}, json.dumps(body).encode()))
    assert caught.value.retry is Retry.SAME


POLLS = {"error": (ProviderError, None), "rate_limit": (ProviderError, 7.0), "garbage": (ProviderError, None), "missing": (LostJob, None)}


@pytest.mark.parametrize("fault", POLLS)
def test_a_poll_that_fails_says_whether_the_job_is_lost(upstream, tmp_path, fault):
    upstream.break_next("poll", fault)

    with pytest.raises(ProviderError) as caught:
        follow(upstream, tmp_path)

    assert (type(caught.value), caught.value.after) == POLLS[fault]


def test_a_poll_with_a_key_that_was_changed_is_no_lost_job(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, lambda provider: provider.poll([Ticket({"id": "v1_1"})]), key="AIza-old")

    assert (caught.value.code, caught.value.retry) == ("provider_auth_failed", Retry.SAME)


def test_a_poll_on_a_dropped_connection_is_asked_again(upstream, tmp_path):
    upstream.break_next("poll", "drop")

    assert follow(upstream, tmp_path).phase is Phase.DONE


async def take(provider, ticket, *, offset=0):
    async with provider.download(ticket, offset=offset) as stream:
        return b"".join([chunk async for chunk in stream.chunks])


@pytest.mark.parametrize("fate", [None, "inline"])
def test_a_result_downloads_from_any_offset_by_address_or_inline(upstream, tmp_path, fate):
    async def act(provider):
        if fate:
            upstream.break_next("job", fate)
        ticket = await submit(provider, order(tmp_path))
        return await take(provider, ticket), await take(provider, ticket, offset=1000)

    assert run(upstream, tmp_path, act) == (upstream.clip, upstream.clip[1000:])


def test_a_link_that_expired_is_asked_for_anew(upstream, tmp_path):
    upstream.break_next("content", "expired")

    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        with pytest.raises(ProviderError) as caught:
            await take(provider, ticket)
        assert caught.value.retry is Retry.SAME
        return await take(provider, ticket)

    assert run(upstream, tmp_path, act) == upstream.clip
    assert [len(made.links) for made in upstream.interactions.values()] == [2]


@pytest.mark.parametrize(
    ("uri", "keyed"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/files/abc", True),
        ("https://generativelanguage.googleapis.com.evil.example/v1/files/abc", False),
        ("http://generativelanguage.googleapis.com/v1/files/abc", False),
        ("https://storage.googleapis.com/bucket/out.mp4", False),
    ],
)
def test_the_key_goes_to_the_vendors_own_host_alone(uri, keyed):
    url, headers = Gemini(Account("a", "gemini", api_key=KEY), None)._media_url(uri)

    assert ("x-goog-api-key" in headers) is keyed
    assert url == (f"{uri}:download?alt=media" if keyed else uri)


def test_cancel_stops_what_runs_and_says_that_it_may_cost(upstream, tmp_path):
    async def act(provider):
        running, ended = await submit(provider, order(tmp_path, model=f"{MODEL}?job=stick")), await submit(provider, order(tmp_path))
        return await provider.cancel(running), (await provider.poll([running]))[0], await provider.cancel(ended)

    first, progress, second = run(upstream, tmp_path, act)
    assert (first.outcome, first.may_cost, progress.phase) == (Stopped.STOPPED, True, Phase.CANCELLED)
    assert second.outcome is Stopped.TOO_LATE


def test_discard_is_repeatable(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        await provider.discard(ticket)
        await provider.discard(ticket)

    run(upstream, tmp_path, act)
    assert upstream.interactions == {}


@pytest.mark.parametrize(
    ("operation", "param"),
    [
        (create(size=Size(1792, 1024)), "size"),
        (replace(create(), seconds=12), "seconds"),
        (replace(create(), seconds=2), "seconds"),
        (EditVideo("x", "hero", source(seconds=12)), "video"),
        (ExtendVideo("x", "hero", 8, source(seconds=36)), "seconds"),
    ],
)
def test_what_omni_cannot_is_said_before_it_is_asked(operation, param):
    _, sentence, of = Gemini(Account("a", "gemini"), None).capabilities(MODEL).why_not(operation)

    assert of == param
    assert sentence.startswith(f"gemini/{MODEL} ")


def test_a_size_for_every_shape_that_omni_makes(upstream, tmp_path):
    for size in Gemini(Account("a", "gemini"), None).capabilities(MODEL).sizes:
        run(upstream, tmp_path, lambda provider, size=size: submit(provider, order(tmp_path, CreateVideo("x", "hero", 3, size))))

    shapes = {
        (document["response_format"]["aspect_ratio"], document["response_format"]["resolution"])
        for document in upstream.sent("/interactions")
    }
    assert len(shapes) == 8


class TestContract(ProviderContract):
    model = MODEL
    running = f"{MODEL}?job=stick"

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve_gemini(key=KEY) as upstream:
            self.api_base = upstream.base_url
            yield

    def provider(self, http):
        return Gemini(Account("local", "gemini", api_base=self.api_base, api_key=KEY), http)
