"""The xai adapter: what it makes of every answer."""

import json

import pytest

from castlist.errors import LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.providing import Account, Phase, Reply, Ticket
from castlist.providers.xai import XAI
from castlist.providers.xai_replies import read_progress
from castlist.testing import ProviderContract
from providers.emulators.xai import XaiEmulator, serve_xai
from providers.submitting import check_ambiguous, check_refused, meet
from providers.wires import take
from providers.xai_runs import FIRST, KEY, order, run, sent, submit


@pytest.fixture
def upstream():
    with serve_xai(key=KEY, lasts=0) as server:
        yield server


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
    check_refused(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path)), told=REFUSED[fault])


@pytest.mark.parametrize("fault", BLOCKED)
def test_content_that_is_refused_is_never_sent_again(upstream, tmp_path, fault):
    meet(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path)), raises=Moderated)

    assert (upstream.counts["create"], upstream.counts["accepted"]) == (1, 0)


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_what_is_not_answered_is_ambiguous_and_sent_once(upstream, tmp_path, fault):
    check_ambiguous(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path, timeout=0.5)), accepted=AMBIGUOUS[fault])


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
