"""The openai adapter: what it sends, and what it makes of every answer."""

import asyncio
import json
from contextlib import asynccontextmanager

import openai
import pytest

from castlist.errors import Ambiguous, LostJob, Moderated, NotSent, ProviderError, Refused, Retry
from castlist.model.characters import Fidelity
from castlist.model.operations import CreateVideo, Size
from castlist.model.providing import Account, Order, Phase, Reply, Stopped, Ticket
from castlist.providers.openai import OpenAI, read_progress
from castlist.testing.fake import read_clip
from castlist.testing.upstream import FAULTS, serve_upstream
from providers.wires import reach

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled")

PROMPT = 'A fox — "Mossy" — walks.\r\nSnow 🦊'


@pytest.fixture
def upstream():
    with serve_upstream(key="sk-live", lasts=0) as server:
        yield server


@asynccontextmanager
async def adapt(upstream, folder, *, key="sk-live", base=None):
    async with reach(folder, api_base=upstream.base_url) as http:
        yield OpenAI(Account("local", "openai", api_base=base or upstream.base_url, api_key=key), http)


def order(model="sora-2", *, timeout=5.0):
    return Order(CreateVideo(PROMPT, "hero", 8, Size(1280, 720)), model, PROMPT, (), "video_1", 7, timeout=timeout)


async def submit(provider, model="sora-2", *, timeout=5.0):
    return await provider.submit(await provider.prepare(order(model, timeout=timeout)))


def run(upstream, folder, act, **options):
    async def with_provider():
        async with adapt(upstream, folder, **options) as provider:
            return await act(provider)

    return asyncio.run(with_provider())


def test_it_sends_what_the_official_sdk_sends(upstream, tmp_path):
    client = openai.OpenAI(base_url=upstream.base_url, api_key="sk-live", max_retries=0)
    client.videos.create(prompt=PROMPT, model="sora-2", seconds="8", size="1280x720")
    client.close()

    run(upstream, tmp_path, submit)

    theirs, ours = upstream.requests
    assert ours == theirs
    assert [field.name for field in ours.fields] == ["prompt", "model", "seconds", "size"]


def test_the_official_sdk_reads_what_the_emulator_answers(upstream):
    client = openai.OpenAI(base_url=upstream.base_url, api_key="sk-live", max_retries=0)
    made = [client.videos.create(prompt=PROMPT, model="sora-2", seconds="8", size="1280x720") for _ in range(3)]
    video = client.videos.retrieve(made[0].id)
    listed = [v.id for v in client.videos.list(limit=2)]
    content = client.videos.download_content(video.id).read()
    deleted = client.videos.delete(video.id)
    with pytest.raises(openai.NotFoundError) as caught:
        client.videos.retrieve(video.id)
    client.close()

    assert type(video).model_validate(video.model_dump()) == video
    assert (video.status, video.progress, video.seconds, video.size) == ("completed", 100, "8", "1280x720")
    assert video.model_extra == {}
    assert listed == [v.id for v in reversed(made)]
    assert content == read_clip()
    assert (deleted.id, deleted.deleted) == (video.id, True)
    assert caught.value.code == "not_found"


def test_the_official_sdk_reads_a_failed_video(upstream):
    upstream.break_next("job", "block")
    client = openai.OpenAI(base_url=upstream.base_url, api_key="sk-live", max_retries=0)
    video = client.videos.create_and_poll(prompt=PROMPT)
    client.close()

    assert video.status == "failed"
    assert video.error.code == "moderation_blocked"


def test_the_key_is_sent_to_the_upstream_and_absent_where_there_is_none(upstream, tmp_path):
    run(upstream, tmp_path, submit)
    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, submit, key=None)

    assert caught.value.code == "provider_auth_failed"
    assert upstream.requests[0].headers == (("authorization", "Bearer sk-live"), ("accept", "application/json"))


def test_a_trailing_slash_or_no_version_in_api_base_works(upstream, tmp_path):
    bare = upstream.base_url.removesuffix("/v1")

    for base in (f"{upstream.base_url}/", bare, f"{bare}/"):
        assert run(upstream, tmp_path, submit, base=base).data["id"]


REFUSED = {
    "refuse": ("provider_refused", Retry.ELSEWHERE, None),
    "bad_key": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "quota": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "rate_limit": ("provider_rate_limited", Retry.SAME, 7.0),
    "rate_limit_bare": ("provider_rate_limited", Retry.SAME, None),
    "unavailable": ("provider_rate_limited", Retry.SAME, None),
    "moved": ("provider_refused", Retry.ELSEWHERE, None),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_proves_that_nothing_exists_upstream(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, submit)

    assert (caught.value.code, caught.value.retry, caught.value.after) == REFUSED[fault]
    assert (upstream.accepted, upstream.counts["create"]) == (0, 1)


def test_content_that_is_refused_is_never_sent_again(upstream, tmp_path):
    upstream.break_next("create", "moderated")

    with pytest.raises(Moderated) as caught:
        run(upstream, tmp_path, submit)

    assert caught.value.retry is Retry.NEVER
    assert "moderation" in caught.value.message


@pytest.mark.parametrize("fault", ["lose", "hang", "empty", "no_id"])
def test_an_accepted_job_without_an_answer_is_ambiguous_and_sent_once(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Ambiguous) as caught:
        run(upstream, tmp_path, lambda provider: submit(provider, timeout=0.5))

    assert caught.value.retry is Retry.NEVER
    assert (upstream.accepted, upstream.counts["create"]) == (1, 1)


@pytest.mark.parametrize("fault", ["timeout", "error", "proxy"])
def test_an_answer_that_proves_nothing_is_ambiguous(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Ambiguous):
        run(upstream, tmp_path, submit)

    assert upstream.counts["create"] == 1


def test_a_connection_that_drops_is_ambiguous_or_not_sent_and_never_repeated(upstream, tmp_path):
    upstream.break_next("create", "drop")

    with pytest.raises((Ambiguous, NotSent)):
        run(upstream, tmp_path, submit)

    assert (upstream.accepted, upstream.counts["create"]) == (0, 1)


def test_no_key_is_repeated_from_an_error_message(upstream, tmp_path):
    upstream.break_next("create", "bad_key")

    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, submit)

    assert "sk-" not in caught.value.message


def follow(upstream, folder, model="sora-2"):
    async def act(provider):
        return (await provider.poll([await submit(provider, model)]))[0]

    return run(upstream, folder, act)


def test_a_video_that_sticks_goes_on_running(upstream, tmp_path):
    progress = follow(upstream, tmp_path, "sora-2?job=stick")

    assert (progress.phase, progress.percent) == (Phase.RUNNING, 99)
    assert progress.again == pytest.approx(0.1)


def test_a_status_word_that_nobody_knows_is_work_that_goes_on(upstream, tmp_path):
    assert follow(upstream, tmp_path, "sora-2?job=strange&lasts=60").phase is Phase.RUNNING


def test_a_failure_keeps_the_upstreams_words(upstream, tmp_path):
    progress = follow(upstream, tmp_path, "sora-2?job=fail")

    assert (progress.phase, progress.failure.code, progress.moderated) == (Phase.FAILED, "video_generation_failed", False)
    assert progress.retryable


def test_a_failure_that_the_request_brought_about_is_nobody_else_s():
    codes = ("invalid_prompt", "character_deleted", "moderation_blocked", "provider_unknown", "cancelled", "server_error", "")

    bodies = [json.dumps({"status": "failed", "error": {"code": code}}).encode() for code in codes]

    assert [read_progress(Reply(200, {}, body)).retryable for body in bodies] == [False] * 5 + [True] * 2


def test_a_failure_for_its_content_is_marked_so(upstream, tmp_path):
    progress = follow(upstream, tmp_path, "sora-2?job=block")

    assert (progress.moderated, progress.retryable) == (True, False)


@pytest.mark.parametrize(
    ("fault", "kind"), [("error", ProviderError), ("rate_limit", ProviderError), ("garbage", ProviderError), ("missing", LostJob)]
)
def test_a_poll_that_fails_says_whether_the_job_is_lost(upstream, tmp_path, fault, kind):
    upstream.break_next("poll", fault)

    with pytest.raises(ProviderError) as caught:
        follow(upstream, tmp_path)

    assert type(caught.value) is kind
    assert caught.value.after == (7.0 if fault == "rate_limit" else None)


def test_a_poll_on_a_dropped_connection_is_asked_again(upstream, tmp_path):
    upstream.break_next("poll", "drop")

    assert follow(upstream, tmp_path).phase is Phase.DONE


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": None},
        {"status": 5},
        [],
        "completed",
        None,
    ],
)
def test_what_is_not_a_video_is_an_error_to_try_again(body):
    with pytest.raises(ProviderError) as caught:
        read_progress(Reply(200, {}, json.dumps(body).encode()))
    assert caught.value.retry is Retry.SAME


@pytest.mark.parametrize(("value", "percent"), [(50, 50), (50.9, 50), (-1, 0), (1e9, 100), (None, 0), ("50", 0), (float("nan"), 0)])
def test_progress_is_0_to_100_whatever_is_said(value, percent):
    assert read_progress(Reply(200, {}, json.dumps({"status": "in_progress", "progress": value}).encode())).percent == percent


@pytest.mark.parametrize("error", [None, {}, "broken", {"code": None, "message": None}])
def test_a_failure_without_reasons_still_has_one(error):
    progress = read_progress(Reply(200, {}, json.dumps({"status": "failed", "error": error}).encode()))

    assert progress.failure.code == "provider_failed"
    assert progress.failure.message


def test_a_download_goes_on_where_it_broke_off(upstream, tmp_path):
    upstream.break_next("content", "cut")
    received = bytearray()

    async def act(provider):
        ticket = await submit(provider)
        with pytest.raises(ProviderError) as caught:
            await take(provider, ticket)
        assert caught.value.code == "provider_download_broken"
        await take(provider, ticket)

    async def take(provider, ticket):
        async with provider.download(ticket, offset=len(received)) as stream:
            async for chunk in stream.chunks:
                received.extend(chunk)

    run(upstream, tmp_path, act)
    assert bytes(received) == upstream.clip


@pytest.mark.parametrize("fault", [None, "no_ranges"])
def test_an_offset_works_with_and_without_ranges(upstream, tmp_path, fault):
    if fault:
        upstream.break_next("content", fault)

    async def act(provider):
        async with provider.download(await submit(provider), offset=1000) as stream:
            return b"".join([chunk async for chunk in stream.chunks]), stream.length

    content, length = run(upstream, tmp_path, act)
    assert content == upstream.clip[1000:]
    assert length == len(content)


@pytest.mark.parametrize("fault", ["wrong_range", "error", "missing", "away"])
def test_a_download_that_cannot_be_trusted_is_refused(upstream, tmp_path, fault):
    upstream.break_next("content", fault)

    async def act(provider):
        with pytest.raises(ProviderError):
            async with provider.download(await submit(provider), offset=1000):
                pass

    run(upstream, tmp_path, act)
    assert upstream.counts["content"] == 1


def test_cancel_deletes_and_says_that_it_may_cost(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider, "sora-2?job=stick")
        first, second = await provider.cancel(ticket), await provider.cancel(ticket)
        return first, second

    first, second = run(upstream, tmp_path, act)
    assert (first.outcome, first.may_cost) == (Stopped.STOPPED, True)
    assert second.outcome is Stopped.TOO_LATE
    assert upstream.works == {}


def test_discard_is_repeatable(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider)
        await provider.discard(ticket)
        await provider.discard(ticket)

    run(upstream, tmp_path, act)
    assert upstream.works == {}
    assert upstream.counts["delete"] == 2


def test_an_id_with_slashes_stays_one_path_segment(upstream, tmp_path):
    async def act(provider):
        with pytest.raises(LostJob):
            await provider.poll([Ticket({"id": "../../v1/videos"})])

    run(upstream, tmp_path, act)
    assert upstream.counts["poll"] + upstream.counts["list"] <= 1


def test_openai_has_its_limits_and_another_server_its_own(tmp_path):
    home = OpenAI(Account("home", "openai", api_key="sk"), None)
    other = OpenAI(Account("other", "openai", api_base="http://gpu.local:8000/v1"), None)
    strange = CreateVideo(PROMPT, "hero", 7, Size(640, 360))

    assert home.capabilities("sora-2").why_not(strange)[2] == "seconds"
    assert Size(1920, 1080) in home.capabilities("sora-2-pro").sizes
    assert Size(1920, 1080) not in home.capabilities("sora-2").sizes
    assert home.capabilities("sora-2").price(CreateVideo("A fox", "hero", 8, Size(1280, 720))) == 800_000
    assert other.capabilities("wan").why_not(strange) is None
    assert (other.capabilities("wan").characters, other.capabilities("wan").fidelity) == (2, Fidelity.NATIVE)


def test_every_fault_of_the_emulator_is_met_somewhere_here():
    met = {*REFUSED, "moderated", "lose", "hang", "empty", "no_id", "timeout", "error", "proxy", "drop"}

    assert set(FAULTS["create"]) == met
