"""The xai adapter: what it sends for every kind of order, and what it makes of every answer."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from castlist.errors import Ambiguous, LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.characters import CastMember, Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size, Source, Wishes
from castlist.model.providing import Account, Order, Phase, Reply, Ticket
from castlist.providers.xai import XAI
from castlist.providers.xai_models import SHAPES as SIZES
from castlist.providers.xai_replies import read_progress
from castlist.testing import ProviderContract
from providers.emulators.strict import complain, mutate
from providers.emulators.xai import SHAPES, XaiEmulator, serve_xai, unpack
from providers.wires import reach, take

KEY = "xai-live"
FIRST, PINNED = "grok-imagine-video", "grok-imagine-video-1.5"
HD, FULL = Size(1280, 720), Size(1920, 1080)


@pytest.fixture
def upstream():
    with serve_xai(key=KEY, lasts=0) as server:
        yield server


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


def shown(pictures):
    return [unpack(each["url"]).decode().removeprefix("bytes of ") for each in pictures]


def test_a_prompt_alone(upstream, tmp_path):
    assert sent(upstream, tmp_path, order(tmp_path)) == (
        "/v1/videos/generations",
        {"model": FIRST, "prompt": "A fox walks.", "duration": 8, "aspect_ratio": "16:9", "resolution": "720p"},
    )


def test_an_opening_frame(upstream, tmp_path):
    _, document = sent(upstream, tmp_path, order(tmp_path, CreateVideo("It moves", "hero", 4, Size(480, 480), reference="frame.png")))

    assert document["image"]["url"].startswith("data:image/png;base64,")
    assert shown([document["image"]]) == ["frame.png"]
    assert (document["aspect_ratio"], document["resolution"]) == ("1:1", "480p")


def test_one_character_by_its_best_stills(upstream, tmp_path):
    _, document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna")]))

    assert shown(document["reference_images"]) == ["luna-0.jpg", "luna-1.jpg", "luna-2.jpg"]
    assert document["prompt"] == "Luna (<IMAGE_1>, <IMAGE_2>, <IMAGE_3>) dances"


def test_two_characters_and_a_pinned_opening_frame(upstream, tmp_path):
    cast = [member(tmp_path, "Luna"), member(tmp_path, "Mossy")]
    wanted = order(tmp_path, create("Mossy meets Luna. Luna bows.", reference="frame.png"), cast=cast, model=PINNED)
    _, document = sent(upstream, tmp_path, wanted)

    assert len(document["reference_images"]) == 6
    assert shown(document["reference_images"])[3] == "mossy-0.jpg"
    assert document["prompt"] == (
        "Mossy (<IMAGE_4>, <IMAGE_5>, <IMAGE_6>) meets Luna (<IMAGE_1>, <IMAGE_2>, <IMAGE_3>). Luna bows."
    )  # fmt: skip
    assert shown([document["image"]]) == ["frame.png"]


def test_two_characters_of_one_name_are_both_shown(upstream, tmp_path):
    twin = replace(member(tmp_path, "Twin", stills=1), name="Luna")
    _, document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", stills=1), twin]))

    assert shown(document["reference_images"]) == ["luna-0.jpg", "twin-0.jpg"]
    assert document["prompt"] == "Luna (<IMAGE_1>, <IMAGE_2>) dances"


def test_plain_stills_stand_in_and_a_described_character_is_words(upstream, tmp_path):
    (tmp_path / "s0.png").write_bytes(b"bytes of s0.png")
    plain = CastMember("char_Luna", "Luna", Fidelity.REFERENCE, media={"still-0": "s0.png"})
    words = member(tmp_path, "Mossy", fidelity=Fidelity.DESCRIBED)
    _, document = sent(upstream, tmp_path, order(tmp_path, create("Luna meets Mossy"), cast=[plain, words]))

    assert (shown(document["reference_images"]), document["prompt"]) == (["s0.png"], "Luna (<IMAGE_1>) meets Mossy")


def test_a_character_with_nothing_to_show_is_never_dropped(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", stills=0)]))

    assert (caught.value.code, upstream.counts["create"]) == ("character_source_unsuitable", 0)


def test_a_callers_own_tags_are_disarmed(upstream, tmp_path):
    _, document = sent(
        upstream, tmp_path, order(tmp_path, create("Luna and <IMAGE_2> <audio_0>"), cast=[member(tmp_path, "Luna", stills=1)])
    )

    assert document["prompt"] == "Luna (<IMAGE_1>) and ‹IMAGE_2› ‹audio_0›"


@pytest.mark.parametrize(("word", "value"), [("on", True), ("off", False)])
def test_sound_is_an_option(upstream, tmp_path, word, value):
    heard = replace(create(), wishes=Wishes(options={"xai": {"audio": word}}))

    assert sent(upstream, tmp_path, order(tmp_path, heard))[1]["generate_audio"] is value


@pytest.mark.parametrize("kind", [EditVideo, RemixVideo])
def test_an_edit_sends_the_video_itself(upstream, tmp_path, kind):
    path, document = sent(upstream, tmp_path, order(tmp_path, kind("Warm <IMAGE_1> light", "hero", source())))

    assert path == "/v1/videos/edits"
    assert shown([document.pop("video")]) == ["source.mp4"]
    assert document == {"model": FIRST, "prompt": "Warm ‹IMAGE_1› light"}


def test_an_extension_says_what_to_add(upstream, tmp_path):
    path, document = sent(upstream, tmp_path, order(tmp_path, ExtendVideo("It waves", "hero", 6, source())))

    assert (path, document["duration"], set(document)) == ("/v1/videos/extensions", 6, {"model", "prompt", "video", "duration"})


def test_what_a_follow_up_leaves_out_is_reported(upstream, tmp_path):
    edit = EditVideo("Luna waves", "hero", source(size=FULL), characters=("char_Luna",), seed=4)
    edit = replace(edit, wishes=Wishes(options={"xai": {"audio": "off"}}))
    prepared = run(upstream, tmp_path, lambda provider: provider.prepare(order(tmp_path, edit, cast=[member(tmp_path, "Luna")])))

    assert [note.code for note in prepared.warnings] == ["seed_ignored", "option_ignored", "character_from_source", "size_lowered"]


@pytest.mark.parametrize("route", SHAPES)
def test_the_emulator_takes_no_body_with_a_field_wrong(upstream, tmp_path, route):
    operation = {
        "generations": create(reference="frame.png"),
        "edits": EditVideo("x", "hero", source()),
        "extensions": ExtendVideo("x", "hero", 4, source()),
    }[route]
    cast = [member(tmp_path, "Luna")] if route == "generations" else []
    _, document = sent(upstream, tmp_path, order(tmp_path, operation, cast=cast, model=PINNED if cast else FIRST))
    optional = {f".{name.removesuffix('?')} dropped" for name in SHAPES[route] if name.endswith("?")}

    taken = {how for how, other in mutate(document) if not complain(other, SHAPES[route])}

    assert complain(document, SHAPES[route]) is None
    assert taken <= optional | {".prompt another word", ".model another word"}


@pytest.mark.parametrize(
    ("model", "operation", "param"),
    [
        (FIRST, create(size=FULL), "size"),
        (PINNED, create(size=FULL), "size"),
        (FIRST, create(size=Size(1792, 1024)), "size"),
        (FIRST, replace(create(), seconds=16), "seconds"),
        (FIRST, create(reference="frame.png"), "input_reference"),
        (PINNED, EditVideo("x", "hero", source()), None),
        (f"{PINNED}-lite", ExtendVideo("x", "hero", 4, source()), None),
        (FIRST, EditVideo("x", "hero", source(seconds=9)), "video"),
        (FIRST, ExtendVideo("x", "hero", 1, source()), "seconds"),
        (FIRST, ExtendVideo("x", "hero", 12, source()), "seconds"),
        (FIRST, ExtendVideo("x", "hero", 4, source(seconds=16)), "video"),
    ],
)
def test_what_a_model_cannot_is_said_before_it_is_asked(model, operation, param):
    _, sentence, of = XAI(Account("a", "xai"), None).capabilities(model).why_not(operation)

    assert of == param
    assert sentence.startswith(f"xai/{model} ")


@pytest.mark.parametrize(
    ("model", "operation"),
    [(PINNED, replace(create(size=FULL), characters=())), (PINNED, create(reference="f")), (FIRST, ExtendVideo("x", "m", 10, source(15)))],
)
def test_what_a_model_can_is_let_through(model, operation):
    assert XAI(Account("a", "xai"), None).capabilities(model).why_not(operation) is None


def test_a_size_for_every_shape_that_the_vendor_names():
    shapes = SHAPES["generations"]

    assert set(SIZES.values()) == {(ratio, lines) for ratio in shapes["aspect_ratio?"] for lines in shapes["resolution?"]}
    assert all(size.width % 2 == size.height % 2 == 0 for size in SIZES)
    assert SIZES[Size(854, 480)] == ("16:9", "480p")


REFUSED = {
    "refuse": ("provider_refused", Retry.ELSEWHERE, None),
    "unreadable": ("provider_refused", Retry.ELSEWHERE, None),
    "bad_key": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "bad_key_400": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "no_credits": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "payment": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "rate_limit": ("provider_rate_limited", Retry.SAME, 7.0),
    "rate_limit_bare": ("provider_rate_limited", Retry.SAME, None),
    "unavailable": ("provider_rate_limited", Retry.SAME, None),
}
BLOCKED = ("moderated", "moderated_flat")
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

    with pytest.raises(Moderated):
        sent(upstream, tmp_path, order(tmp_path))


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_what_is_not_answered_is_ambiguous_and_sent_once(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Ambiguous):
        sent(upstream, tmp_path, order(tmp_path, timeout=0.5))

    assert (upstream.counts["create"], upstream.counts["accepted"]) == (1, AMBIGUOUS[fault])


def test_every_fault_of_the_emulator_is_met_somewhere_here():
    assert XaiEmulator.faults["create"] == {*REFUSED, *BLOCKED, *AMBIGUOUS}
    assert XaiEmulator.faults["job"] == {*FATES, "silent"}
    assert XaiEmulator.faults["poll"] == {*POLLS, "drop"}


def follow(upstream, folder, fate=None):
    async def act(provider):
        if fate:
            upstream.break_next("job", fate)
        return (await provider.poll([await submit(provider, order(folder))]))[0]

    return run(upstream, folder, act)


FATES = {
    "fail": (Phase.FAILED, "provider_failed", False, True),
    "wordless": (Phase.FAILED, "provider_failed", False, False),
    "expired": (Phase.FAILED, "provider_failed", False, False),
    "no_url": (Phase.FAILED, "provider_failed", False, False),
    "blocked": (Phase.FAILED, "moderation_blocked", True, False),
    "unsafe": (Phase.FAILED, "moderation_blocked", True, False),
    "stick": (Phase.RUNNING, None, False, False),
    "strange": (Phase.DONE, None, False, False),
}


@pytest.mark.parametrize("fate", FATES)
def test_how_a_video_ended_is_told_in_our_words(upstream, tmp_path, fate):
    progress = follow(upstream, tmp_path, fate)

    code = progress.failure.code if progress.failure else None
    assert (progress.phase, code, progress.moderated, progress.retryable) == FATES[fate]


@pytest.mark.parametrize("fate", ["silent", "strange"])
def test_an_empty_202_and_a_word_that_nobody_knows_are_work_that_goes_on(tmp_path, fate):
    with serve_xai(key=KEY, lasts=60) as upstream:
        assert follow(upstream, tmp_path, fate).phase is Phase.RUNNING


@pytest.mark.parametrize("body", [{}, {"status": 5}, [], "done", None, {"video": 3}])
def test_what_is_not_a_video_is_an_error_to_try_again(body):
    with pytest.raises(ProviderError) as caught:
        read_progress(Reply(200, {}, json.dumps(body).encode()))
    assert caught.value.retry is Retry.SAME


@pytest.mark.parametrize(("value", "percent"), [(40, 40), (-1, 0), (1e9, 100), (None, 0), ("50", 0), (float("nan"), 0)])
def test_progress_is_0_to_100_whatever_is_said(value, percent):
    assert read_progress(Reply(200, {}, json.dumps({"status": "pending", "progress": value}).encode())).percent == percent


POLLS = {"error": (ProviderError, None), "rate_limit": (ProviderError, 7.0), "garbage": (ProviderError, None), "missing": (LostJob, None)}


@pytest.mark.parametrize("fault", POLLS)
def test_a_poll_that_fails_says_whether_the_job_is_lost(upstream, tmp_path, fault):
    upstream.break_next("poll", fault)

    with pytest.raises(ProviderError) as caught:
        follow(upstream, tmp_path)

    assert (type(caught.value), caught.value.after) == POLLS[fault]


def test_a_poll_with_a_key_that_was_changed_is_no_lost_job(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, lambda provider: provider.poll([Ticket({"id": "req-1"})]), key="xai-old")

    assert (caught.value.code, caught.value.retry) == ("provider_auth_failed", Retry.SAME)


def test_a_poll_on_a_dropped_connection_is_asked_again(upstream, tmp_path):
    upstream.break_next("poll", "drop")

    assert follow(upstream, tmp_path).phase is Phase.DONE


def test_a_result_downloads_from_any_offset_and_without_the_key(upstream, tmp_path):
    async def act(provider):
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
    assert [work.links for work in upstream.works.values()] == [2]


class TestContract(ProviderContract):
    model = FIRST
    running = f"{FIRST}?job=stick"

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve_xai(key=KEY) as upstream:
            self.api_base = f"{upstream.base_url}/v1"
            yield

    def provider(self, http):
        return XAI(Account("local", "xai", api_base=self.api_base, api_key=KEY), http)
