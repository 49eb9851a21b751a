"""The gemini adapter: what it makes of every answer."""

import json

import pytest

from castlist.errors import LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.providing import Account, Phase, Reply, Stopped, Ticket
from castlist.providers.gemini import Gemini
from castlist.providers.gemini_replies import read_progress
from castlist.testing import ProviderContract
from providers.emulators.gemini import GeminiEmulator, serve_gemini
from providers.gemini_runs import KEY, MODEL, order, run, sent, submit
from providers.submitting import check_ambiguous, check_refused, meet
from providers.wires import take


@pytest.fixture
def upstream():
    with serve_gemini(key=KEY, lasts=0) as server:
        yield server


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
    check_refused(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path)), told=REFUSED[fault])


@pytest.mark.parametrize("fault", BLOCKED)
def test_content_that_is_refused_is_never_sent_again(upstream, tmp_path, fault):
    refused = meet(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path)), raises=Moderated)

    assert "SAFETY" in refused.message


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_what_is_not_answered_is_ambiguous_and_sent_once(upstream, tmp_path, fault):
    check_ambiguous(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path, timeout=0.5)), accepted=AMBIGUOUS[fault])


def test_every_fault_of_the_emulator_is_met_somewhere_here():
    assert GeminiEmulator.faults["create"] == {*REFUSED, *BLOCKED, *AMBIGUOUS}
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
