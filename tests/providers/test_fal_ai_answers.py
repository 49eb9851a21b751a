"""The fal_ai adapter: what it makes of every answer."""

import asyncio
import json
from dataclasses import replace

import pytest

from castlist.errors import Ambiguous, LostJob, Moderated, NotSent, ProviderError, Refused, Retry
from castlist.model.providing import Account, Phase, Reply, Stopped, Ticket
from castlist.providers.fal_ai import Fal, read_result, read_status
from castlist.testing import ProviderContract
from castlist.testing.emulator import serve
from providers.emulators.fal_ai import KEY, FalEmulator
from providers.orders_cast import LUNA, create, keep_media
from providers.wires import reach, take

MODEL = "kling/v4"


@pytest.fixture
def upstream():
    with serve(FalEmulator()) as server:
        yield server


def run(upstream, folder, act):
    async def with_provider():
        keep_media(folder)
        async with reach(folder, api_base=upstream.base_url) as http:
            return await act(Fal(Account("fal", "fal_ai", api_base=upstream.base_url, api_key=KEY), http))

    return asyncio.run(with_provider())


async def submit(provider, **changes):
    return await provider.submit(await provider.prepare(replace(create(MODEL), **changes)))


class TestContract(ProviderContract):
    model = MODEL
    running = "xai/grok-imagine-video"

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve(FalEmulator(sticks={"xai/grok-imagine-video/text-to-video"})) as server:
            self.api_base = server.base_url
            yield

    def provider(self, http):
        return Fal(Account("fal", "fal_ai", api_base=self.api_base, api_key=KEY), http)


@pytest.mark.parametrize(
    ("where", "fault", "retry"),
    [
        ("token", "error", Retry.SAME),
        ("token", "garbage", Retry.SAME),
        ("token", "bad_key", Retry.ELSEWHERE),
        ("token", "away", Retry.ELSEWHERE),
        ("store", "error", Retry.ELSEWHERE),
        ("store", "drop", Retry.SAME),
        ("store", "garbage", Retry.SAME),
    ],
)
def test_an_upload_that_fails_never_looks_like_work_that_may_cost(upstream, tmp_path, where, fault, retry):
    upstream.break_next(where, fault)

    with pytest.raises(ProviderError) as caught:
        run(upstream, tmp_path, lambda provider: provider.prepare(create(MODEL, frame="frame.png")))

    assert not isinstance(caught.value, Ambiguous | NotSent)
    assert caught.value.retry is retry
    assert upstream.counts["create"] == 0


REFUSED = {
    "refuse": ("provider_refused", Retry.ELSEWHERE, None),
    "balance": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "bad_key": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "rate_limit": ("provider_rate_limited", Retry.SAME, 7.0),
    "rate_limit_bare": ("provider_rate_limited", Retry.SAME, None),
    "unavailable": ("provider_rate_limited", Retry.SAME, None),
}
UNKNOWN = ("error", "proxy", "timeout", "lose", "hang", "empty", "no_id")


@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_proves_that_nothing_exists_upstream(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, submit)

    assert (caught.value.code, caught.value.retry, caught.value.after) == REFUSED[fault]
    assert "key_" not in caught.value.message
    assert (upstream.works, upstream.counts["create"]) == ({}, 1)


def test_content_that_is_refused_is_never_sent_again(upstream, tmp_path):
    upstream.break_next("create", "moderated")

    with pytest.raises(Moderated) as caught:
        run(upstream, tmp_path, submit)

    assert caught.value.retry is Retry.NEVER


@pytest.mark.parametrize("fault", UNKNOWN)
def test_what_proves_nothing_is_ambiguous_and_sent_once(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Ambiguous):
        run(upstream, tmp_path, lambda provider: submit(provider, timeout=0.5))

    assert upstream.counts["create"] == 1


def test_a_connection_that_drops_is_never_repeated(upstream, tmp_path):
    upstream.break_next("create", "drop")

    with pytest.raises((Ambiguous, NotSent)):
        run(upstream, tmp_path, submit)

    assert upstream.counts["create"] == 1


def test_the_key_goes_to_no_host_that_an_answer_names(upstream, tmp_path):
    upstream.break_next("create", "elsewhere")

    async def act(provider):
        ticket = await submit(provider)
        return ticket, (await provider.poll([ticket]))[0]

    ticket, progress = run(upstream, tmp_path, act)
    assert ticket.data["root"].startswith("/kling/v4/requests/")
    assert progress.phase is Phase.QUEUED


def follow(upstream, folder, fate, *, polls=3):
    """What is said of a request with that fate at each of so many polls."""
    if fate:
        upstream.break_next("job", fate)

    async def act(provider):
        ticket = await submit(provider)
        return [(await provider.poll([ticket]))[0] for _ in range(polls)]

    return run(upstream, folder, act)


def test_a_request_goes_from_queued_to_done(upstream, tmp_path):
    assert [progress.phase for progress in follow(upstream, tmp_path, None)] == [Phase.QUEUED, Phase.RUNNING, Phase.DONE]


def test_a_status_word_that_nobody_knows_is_work_that_goes_on(upstream, tmp_path):
    phases = [progress.phase for progress in follow(upstream, tmp_path, "strange", polls=4)]

    assert phases == [Phase.QUEUED, Phase.RUNNING, Phase.RUNNING, Phase.DONE]


@pytest.mark.parametrize(
    ("fate", "code", "retryable", "moderated"),
    [
        ("error", "provider_failed", False, False),
        ("blocked", "moderation_blocked", False, True),
        ("invalid", "provider_failed", False, False),
        ("retryable", "provider_failed", True, False),
        ("no_video", "provider_failed", True, False),
    ],
)
def test_completed_is_not_always_done(upstream, tmp_path, fate, code, retryable, moderated):
    progress = follow(upstream, tmp_path, fate)[-1]

    assert (progress.phase, progress.failure.code) == (Phase.FAILED, code)
    assert (progress.retryable, progress.moderated) == (retryable, moderated)
    assert progress.failure.message


@pytest.mark.parametrize(
    ("fault", "kind"), [("error", ProviderError), ("rate_limit", ProviderError), ("garbage", ProviderError), ("missing", LostJob)]
)
def test_a_poll_that_fails_says_whether_the_request_is_lost(upstream, tmp_path, fault, kind):
    upstream.break_next("poll", fault)

    with pytest.raises(ProviderError) as caught:
        follow(upstream, tmp_path, None)

    assert type(caught.value) is kind


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": 5}, [], None])
def test_what_is_not_a_status_is_an_error_to_try_again(body):
    with pytest.raises(ProviderError) as caught:
        read_status(Reply(200, {}, json.dumps(body).encode()))
    assert caught.value.retry is Retry.SAME


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 401])
def test_a_result_that_cannot_be_read_now_is_not_a_failure(status):
    with pytest.raises(ProviderError) as caught:
        read_result(Reply(status, {}, b"{}"))
    assert caught.value.retry is Retry.SAME


@pytest.mark.parametrize("body", [b"<html>", b'{"detail": []}', b'{"detail": [5]}', b"{}"])
def test_a_failure_without_reasons_still_has_one(body):
    assert read_result(Reply(422, {}, body)).failure.message


def test_a_file_that_is_gone_when_the_work_begins_is_told_as_such(upstream, tmp_path):
    async def act(provider):
        prepared = await provider.prepare(create(MODEL, "Luna walks.", LUNA))
        upstream.gone.update(upstream.files)
        ticket = await provider.submit(prepared)
        return [(await provider.poll([ticket]))[0] for _ in range(3)][-1]

    progress = run(upstream, tmp_path, act)
    assert (progress.phase, progress.gone, progress.retryable) == (Phase.FAILED, True, False)
    assert "file_download_error" in progress.failure.message


async def finished(provider):
    ticket = await submit(provider)
    for _ in range(3):
        await provider.poll([ticket])
    return ticket


def test_a_download_goes_on_where_it_broke_off(upstream, tmp_path):
    upstream.break_next("content", "cut")

    async def act(provider):
        ticket, got = await finished(provider), bytearray()
        with pytest.raises(ProviderError):
            await take(provider, ticket, into=got)
        return bytes(got) + await take(provider, ticket, offset=len(got))

    assert run(upstream, tmp_path, act) == upstream.clip


@pytest.mark.parametrize("fault", ["missing", "error"])
def test_a_file_that_is_not_there_is_not_a_request_that_is_lost(upstream, tmp_path, fault):
    upstream.break_next("content", fault)

    async def act(provider):
        ticket = await finished(provider)
        with pytest.raises(ProviderError) as caught:
            await take(provider, ticket)
        return caught.value, await take(provider, ticket)

    error, content = run(upstream, tmp_path, act)
    assert not isinstance(error, LostJob | Refused)
    assert (error.retry, content) == (Retry.SAME, upstream.clip)


def test_a_cancel_says_what_it_achieved(upstream, tmp_path):
    upstream.break_next("job", "stick")

    async def act(provider):
        running = await submit(provider)
        first, again = await provider.cancel(running), await provider.cancel(running)
        (progress,) = await provider.poll([running])
        return first, again, progress, await provider.cancel(await finished(provider))

    first, again, progress, late = run(upstream, tmp_path, act)
    assert (first.outcome, again.outcome, late.outcome) == (Stopped.STOPPED, Stopped.TOO_LATE, Stopped.TOO_LATE)
    assert progress.phase is Phase.CANCELLED


def test_a_ticket_with_strange_words_stays_on_its_host(upstream, tmp_path):
    async def act(provider):
        with pytest.raises(LostJob):
            await provider.poll([Ticket({"id": "x", "root": "@evil.example.com/x?y#z"})])

    run(upstream, tmp_path, act)


def test_every_fault_of_the_emulator_is_met_somewhere_here():
    assert {*REFUSED, *UNKNOWN, "drop", "moderated", "elsewhere"} == FalEmulator.faults["create"]
