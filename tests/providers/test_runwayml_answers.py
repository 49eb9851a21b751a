"""The runwayml adapter: what it makes of every answer."""

import json
from dataclasses import replace

import pytest

from castlist.errors import Ambiguous, LostJob, NotSent, ProviderError, Refused, Retry
from castlist.model.jobs import CostState
from castlist.model.providing import Account, Phase, Reply, Stopped, Ticket
from castlist.providers.runwayml import RunwayML, read_progress
from castlist.testing import ProviderContract
from castlist.testing.emulator import serve
from providers.emulators.runwayml import KEY, Runway
from providers.orders_cast import create
from providers.runwayml_runs import run, send
from providers.wires import take


@pytest.fixture
def upstream():
    with serve(Runway()) as server:
        yield server


class TestContract(ProviderContract):
    model = "gen4.5"
    running = "veo3.1"

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve(Runway(sticks={"veo3.1"})) as server:
            self.api_base = server.base_url
            yield

    def provider(self, http):
        return RunwayML(Account("runway", "runwayml", api_base=self.api_base, api_key=KEY), http)


REFUSED = {
    "refuse": ("provider_refused", Retry.ELSEWHERE, None),
    "credits": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "no_credits_402": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
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
        send(upstream, tmp_path, create("gen4.5"))

    assert (caught.value.code, caught.value.retry, caught.value.after) == REFUSED[fault]
    assert "key_" not in caught.value.message
    assert (upstream.tasks, upstream.counts["create"]) == ({}, 1)


@pytest.mark.parametrize("fault", UNKNOWN)
def test_what_proves_nothing_is_ambiguous_and_sent_once(upstream, tmp_path, fault):
    upstream.break_next("create", fault)

    with pytest.raises(Ambiguous):
        send(upstream, tmp_path, replace(create("gen4.5"), timeout=0.5))

    assert upstream.counts["create"] == 1


def test_a_connection_that_drops_is_never_repeated(upstream, tmp_path):
    upstream.break_next("create", "drop")

    with pytest.raises((Ambiguous, NotSent)):
        send(upstream, tmp_path, create("gen4.5"))

    assert upstream.counts["create"] == 1


def follow(upstream, folder, fate, *, polls=3):
    """What is said of a task with that fate at the last of so many polls."""
    if fate:
        upstream.break_next("job", fate)

    async def act(provider):
        ticket = await provider.submit(await provider.prepare(create("gen4.5")))
        return [(await provider.poll([ticket]))[0] for _ in range(polls)]

    return run(upstream, folder, act)


def test_a_task_goes_from_queued_to_done_with_its_price(upstream, tmp_path):
    seen = follow(upstream, tmp_path, None)

    assert [progress.phase for progress in seen] == [Phase.QUEUED, Phase.RUNNING, Phase.DONE]
    assert (seen[1].percent, seen[1].again, seen[1].cost) == (40, 5.0, None)
    assert (seen[2].cost.micros, seen[2].cost.state) == (480_000, CostState.BILLED)


def test_a_throttled_task_waits_for_minutes_and_is_asked_less_often(upstream, tmp_path):
    seen = follow(upstream, tmp_path, "throttle")

    assert {progress.phase for progress in seen} == {Phase.QUEUED}
    assert {progress.again for progress in seen} == {15.0}


def test_a_status_word_that_nobody_knows_is_work_that_goes_on(upstream, tmp_path):
    seen = follow(upstream, tmp_path, "strange", polls=4)

    assert [progress.phase for progress in seen][1:] == [Phase.RUNNING, Phase.RUNNING, Phase.DONE]


@pytest.mark.parametrize(
    ("fate", "code", "retryable", "moderated"),
    [
        ("fail", "provider_failed", True, False),
        ("block", "moderation_blocked", False, True),
        ("asset", "provider_failed", False, False),
        ("wordless", "provider_failed", False, False),
        ("no_output", "provider_failed", True, False),
    ],
)
def test_a_failure_says_whether_it_may_be_tried_again(upstream, tmp_path, fate, code, retryable, moderated):
    progress = follow(upstream, tmp_path, fate)[-1]

    assert (progress.phase, progress.failure.code) == (Phase.FAILED, code)
    assert (progress.retryable, progress.moderated) == (retryable, moderated)
    assert progress.failure.message


@pytest.mark.parametrize(
    ("fault", "kind"), [("error", ProviderError), ("rate_limit", ProviderError), ("garbage", ProviderError), ("missing", LostJob)]
)
def test_a_poll_that_fails_says_whether_the_task_is_lost(upstream, tmp_path, fault, kind):
    upstream.break_next("poll", fault)

    with pytest.raises(ProviderError) as caught:
        follow(upstream, tmp_path, None)

    assert type(caught.value) is kind


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": 5}, [], None])
def test_what_is_not_a_task_is_an_error_to_try_again(body):
    with pytest.raises(ProviderError) as caught:
        read_progress(Reply(200, {}, json.dumps(body).encode()))
    assert caught.value.retry is Retry.SAME


async def finished(provider, model="gen4.5"):
    ticket = await provider.submit(await provider.prepare(create(model)))
    for _ in range(3):
        await provider.poll([ticket])
    return ticket


def test_an_expired_link_is_signed_anew(upstream, tmp_path):
    upstream.break_next("content", "expired")

    content = run(upstream, tmp_path, _finish_and_take)

    assert content == upstream.clip
    assert upstream.counts["content"] == 2


async def _finish_and_take(provider):
    return await take(provider, await finished(provider))


@pytest.mark.parametrize("fault", ["missing", "error"])
def test_a_file_that_is_not_there_is_not_a_task_that_is_lost(upstream, tmp_path, fault):
    upstream.break_next("content", fault, fault)

    with pytest.raises(ProviderError) as caught:
        run(upstream, tmp_path, _finish_and_take)

    assert not isinstance(caught.value, LostJob | Refused)
    assert caught.value.retry is Retry.SAME


def test_a_download_goes_on_where_it_broke_off(upstream, tmp_path):
    upstream.break_next("content", "cut")

    async def act(provider):
        ticket = await finished(provider)
        got = bytearray()
        with pytest.raises(ProviderError):
            await take(provider, ticket, into=got)
        return bytes(got) + await take(provider, ticket, offset=len(got))

    assert run(upstream, tmp_path, act) == upstream.clip


def test_a_cancel_stops_what_runs_and_never_deletes_what_is_done(upstream, tmp_path):
    upstream.break_next("job", "stick")

    async def act(provider):
        running = await provider.submit(await provider.prepare(create("gen4.5")))
        first, again = await provider.cancel(running), await provider.cancel(running)
        done = await finished(provider)
        return first, again, await provider.cancel(done), await take(provider, done)

    first, again, late, content = run(upstream, tmp_path, act)
    assert (first.outcome, again.outcome, late.outcome) == (Stopped.STOPPED, Stopped.STOPPED, Stopped.TOO_LATE)
    assert content == upstream.clip
    assert upstream.counts["delete"] == 1


def test_discard_is_repeatable(upstream, tmp_path):
    async def act(provider):
        ticket = await finished(provider)
        await provider.discard(ticket)
        await provider.discard(ticket)
        with pytest.raises(LostJob):
            await provider.poll([ticket])

    run(upstream, tmp_path, act)


def test_an_id_with_slashes_stays_one_path_segment(upstream, tmp_path):
    async def act(provider):
        with pytest.raises(LostJob):
            await provider.poll([Ticket({"id": "../uploads"})])

    run(upstream, tmp_path, act)


def test_every_fault_of_the_emulator_is_met_somewhere_here():
    assert {*REFUSED, *UNKNOWN, "drop"} == Runway.faults["create"]
