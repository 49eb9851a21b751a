"""The kling adapter: what it makes of every answer, and how it asks again."""

import json
from datetime import timedelta

import pytest

from castlist.errors import Ambiguous, LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.jobs import CostState
from castlist.model.providing import Absent, CannotTell, Phase, Reply, Ticket
from castlist.providers.kling import AT_ONCE
from castlist.providers.kling_replies import judge_known, judge_paid, read_progress, read_tasks
from providers.emulators.kling import KlingEmulator, serve_kling
from providers.kling_runs import KEY, NOW, PAIR, order, run, sent, submit
from providers.submitting import check_ambiguous, check_refused, meet


@pytest.fixture
def upstream():
    with serve_kling(key=KEY, pair=PAIR, lasts=0) as server:
        yield server


REFUSED = {
    "refuse": ("provider_refused", Retry.ELSEWHERE, None),
    "absent": ("provider_refused", Retry.ELSEWHERE, None),
    "bad_key": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "early_key": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "no_right": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "no_ip": ("provider_auth_failed", Retry.ELSEWHERE, None),
    "arrears": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "spent": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "suspended": ("provider_quota_exceeded", Retry.ELSEWHERE, None),
    "rate_limit": ("provider_rate_limited", Retry.SAME, 7.0),
    "parallel": ("provider_rate_limited", Retry.SAME, None),
    "unavailable": ("provider_rate_limited", Retry.SAME, None),
}
BLOCKED = ("blocked", "moderated", "inside")
AMBIGUOUS = {"error": 0, "slow": 0, "inside_error": 0, "taken": 0, "proxy": 1, "lose": 1, "hang": 1, "empty": 1, "no_id": 1}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_proves_that_nothing_exists_upstream(upstream, tmp_path, fault):
    check_refused(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path)), told=REFUSED[fault])


@pytest.mark.parametrize("fault", BLOCKED)
def test_content_that_is_refused_is_never_sent_again(upstream, tmp_path, fault):
    refused = meet(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path)), raises=Moderated)

    assert "policy" in refused.message


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_what_is_not_answered_is_ambiguous_and_sent_once(upstream, tmp_path, fault):
    check_ambiguous(upstream, fault, lambda: sent(upstream, tmp_path, order(tmp_path, timeout=0.5)), accepted=AMBIGUOUS[fault])


def test_every_fault_of_the_emulator_is_met_somewhere_here():
    assert KlingEmulator.faults["create"] == {*REFUSED, *BLOCKED, *AMBIGUOUS}
    assert KlingEmulator.faults["job"] == {*FATES, "cash", "free"}
    assert KlingEmulator.faults["poll"] == {*POLLS, "drop"}


@pytest.mark.parametrize("key", [KEY, PAIR])
def test_a_lost_answer_is_found_by_our_own_name(upstream, tmp_path, key):
    async def act(provider):
        upstream.break_next("create", "lose")
        with pytest.raises(Ambiguous):
            await submit(provider, order(tmp_path))
        found = await provider.find("video_1")
        return found, (await provider.poll([found]))[0]

    found, progress = run(upstream, tmp_path, act, key=key)
    assert found.data["id"] in upstream.tasks
    assert progress.phase is Phase.DONE


def test_what_never_arrived_is_absent_only_when_it_stays_so(upstream, tmp_path):
    now = [NOW]

    async def act(provider):
        found = []
        for seconds in (0, 59, 1, 0):
            now[0] += timedelta(seconds=seconds)
            found.append(await provider.find("video_1"))
        return found

    found = run(upstream, tmp_path, act, clock=lambda: now[0])
    assert [type(each) for each in found] == [CannotTell, CannotTell, Absent, CannotTell]


def test_the_older_api_says_in_other_words_that_nothing_is_there(upstream, tmp_path):
    assert isinstance(run(upstream, tmp_path, lambda provider: provider.find("video_1"), key=PAIR), CannotTell)


def test_a_task_that_shows_late_is_not_sent_twice(upstream, tmp_path):
    async def act(provider):
        first = await provider.find("video_1")
        await submit(provider, order(tmp_path))
        return first, await provider.find("video_1")

    first, then = run(upstream, tmp_path, act)
    assert isinstance(first, CannotTell)
    assert isinstance(then, Ticket)


def follow(upstream, folder, fate=None, **options):
    async def act(provider):
        if fate:
            upstream.break_next("job", fate)
        return (await provider.poll([await submit(provider, order(folder))]))[0]

    return run(upstream, folder, act, **options)


FATES = {
    "fail": (Phase.FAILED, "provider_failed", False, False),
    "passing": (Phase.FAILED, "provider_failed", False, True),
    "risk": (Phase.FAILED, "moderation_blocked", True, False),
    "wordless": (Phase.FAILED, "provider_failed", False, False),
    "no_url": (Phase.FAILED, "provider_failed", False, True),
    "stick": (Phase.RUNNING, None, False, False),
    "strange": (Phase.DONE, None, False, False),
    "shouting": (Phase.DONE, None, False, False),
}


@pytest.mark.parametrize("key", [KEY, PAIR])
@pytest.mark.parametrize("fate", FATES)
def test_how_a_task_ended_is_told_in_our_words(upstream, tmp_path, fate, key):
    progress = follow(upstream, tmp_path, fate, key=key)

    code = progress.failure.code if progress.failure else None
    assert (progress.phase, code, progress.moderated, progress.retryable) == FATES[fate]


@pytest.mark.parametrize(("fate", "micros"), [("cash", 336_000), (None, 336_000), ("free", None)])
def test_what_was_charged_is_read_in_dollars_and_in_units(upstream, tmp_path, fate, micros):
    cost = follow(upstream, tmp_path, fate).cost

    assert (cost.micros if cost else None) == micros
    assert cost is None or cost.state is CostState.BILLED


@pytest.mark.parametrize(
    "bill",
    [
        {"amount": "x", "charge_type": "unit"},
        {"amount": "nan", "charge_type": "unit"},
        {},
        {"amount": "3", "charge_type": "cash", "currency": "CNY"},
    ],
)
def test_a_bill_that_cannot_be_read_is_none(bill):
    task = {"id": "1", "status": "succeeded", "outputs": [{"type": "video", "url": "https://x/v.mp4"}], "billing": [bill]}

    assert read_progress(task).cost is None


@pytest.mark.parametrize(("word", "phase"), [("submitted", Phase.QUEUED), ("warming_up", Phase.RUNNING), ("PROCESSING", Phase.RUNNING)])
def test_a_status_word_that_nobody_knows_is_work_that_goes_on(word, phase):
    assert read_progress({"id": "1", "status": word}).phase is phase


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"code": 0}', b'{"code": 0, "data": "x"}', b'{"code": 0, "data": [1]}'])
def test_what_is_no_list_of_tasks_is_an_error_to_try_again(body):
    with pytest.raises(ProviderError) as caught:
        read_tasks(Reply(200, {}, body))
    assert (type(caught.value), caught.value.retry) == (ProviderError, Retry.SAME)


POLLS = {
    "error": (ProviderError, "provider_error", None),
    "rate_limit": (ProviderError, "provider_rate_limited", 7.0),
    "arrears": (ProviderError, "provider_quota_exceeded", None),
    "garbage": (ProviderError, "provider_error", None),
    "inside": (ProviderError, "provider_error", None),
    "missing": (LostJob, "provider_lost_job", None),
}


@pytest.mark.parametrize("key", [KEY, PAIR])
@pytest.mark.parametrize("fault", POLLS)
def test_a_poll_that_fails_says_whether_the_job_is_lost(upstream, tmp_path, fault, key):
    upstream.break_next("poll", fault)

    with pytest.raises(ProviderError) as caught:
        follow(upstream, tmp_path, key=key)

    assert (type(caught.value), caught.value.code, caught.value.after) == POLLS[fault]


def test_a_poll_on_a_dropped_connection_is_asked_again(upstream, tmp_path):
    upstream.break_next("poll", "drop")

    assert follow(upstream, tmp_path).phase is Phase.DONE


def test_a_poll_with_a_key_that_was_changed_is_no_lost_job(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, lambda provider: provider.poll([Ticket({"id": "1"})]), key="kling-old")

    assert (caught.value.code, caught.value.retry) == ("provider_auth_failed", Retry.SAME)


def test_many_tickets_are_asked_for_twenty_at_a_time(upstream, tmp_path):
    async def act(provider):
        tickets = [await submit(provider, order(tmp_path, reference=f"video_{n}")) for n in range(AT_ONCE + 3)]
        before = upstream.counts["poll"]
        found = await provider.poll(tickets)
        return {progress.phase for progress in found}, len(found), upstream.counts["poll"] - before

    assert run(upstream, tmp_path, act) == ({Phase.DONE}, AT_ONCE + 3, 2)


def test_one_lost_ticket_of_several_is_raised_for_all(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        with pytest.raises(LostJob):
            await provider.poll([ticket, Ticket({"id": "1"})])
        return await provider.poll([ticket])

    assert run(upstream, tmp_path, act)[0].phase is Phase.DONE


def test_a_ticket_of_the_older_api_is_followed_with_an_api_key(upstream, tmp_path):
    ticket = run(upstream, tmp_path, lambda provider: submit(provider, order(tmp_path)), key=PAIR)
    both = [ticket, run(upstream, tmp_path, lambda provider: submit(provider, order(tmp_path, reference="video_2")))]

    assert [each.phase for each in run(upstream, tmp_path, lambda provider: provider.poll(both))] == [Phase.DONE, Phase.DONE]


async def take(provider, ticket, *, offset=0):
    async with provider.download(ticket, offset=offset) as stream:
        return b"".join([chunk async for chunk in stream.chunks])


@pytest.mark.parametrize("key", [KEY, PAIR])
def test_a_link_that_expired_is_asked_for_anew(upstream, tmp_path, key):
    upstream.break_next("content", "expired")

    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        return await take(provider, ticket), await take(provider, ticket, offset=1000)

    assert run(upstream, tmp_path, act, key=key) == (upstream.clip, upstream.clip[1000:])
    assert [task.links for task in upstream.tasks.values()] == [3]


@pytest.mark.parametrize("faults", [("expired", "expired"), ("error",)])
def test_a_download_that_stays_broken_is_an_error_to_try_again(upstream, tmp_path, faults):
    upstream.break_next("content", *faults)

    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        with pytest.raises(ProviderError) as caught:
            await take(provider, ticket)
        return type(caught.value), caught.value.retry, await take(provider, ticket)

    kind, retry, content = run(upstream, tmp_path, act)
    assert not issubclass(kind, LostJob | Refused)
    assert (retry, content) == (Retry.SAME, upstream.clip)


def test_a_download_of_what_is_not_finished_is_an_error_to_try_again(upstream, tmp_path):
    upstream.break_next("job", "stick")

    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        with pytest.raises(ProviderError) as caught:
            await take(provider, ticket)
        return caught.value

    error = run(upstream, tmp_path, act)
    assert (error.code, error.retry) == ("provider_no_output", Retry.SAME)


def answer(status, code, message="words"):
    return Reply(status, {}, json.dumps({"code": code, "message": message, "request_id": "r"}).encode())


@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_the_number_in_the_body_decides_and_not_the_status(status):
    with pytest.raises(Refused) as caught:
        judge_paid(answer(status, 1101))
    assert caught.value.code == "provider_quota_exceeded"
    with pytest.raises(LostJob):
        judge_known(answer(status, 1203))


@pytest.mark.parametrize(("status", "kind"), [(200, Ambiguous), (500, Ambiguous), (404, Refused), (429, Refused)])
def test_a_number_that_nobody_knows_is_judged_by_the_status(status, kind):
    with pytest.raises(kind) as caught:
        judge_paid(answer(status, 1999))
    assert type(caught.value) is kind


def test_a_time_out_that_names_a_number_is_ambiguous_all_the_same():
    with pytest.raises(Ambiguous):
        judge_paid(answer(408, 1302))


@pytest.mark.parametrize("status", [200, 201])
def test_a_success_is_none_of_it(status):
    assert [judge(answer(status, 0)) for judge in (judge_paid, judge_known)] == [None, None]


def test_a_key_is_in_no_error_and_no_repr(upstream, tmp_path):
    async def act(provider):
        said = [repr(provider.account)]
        for fault in ("bad_key", "refuse", "error", "lose"):
            upstream.break_next("create", fault)
            with pytest.raises(ProviderError) as caught:
                await submit(provider, order(tmp_path))
            said.append(f"{caught.value!r} {caught.value}")
        return " ".join(said)

    assert not [word for word in ("kling-live",) if word in run(upstream, tmp_path, act)]
    assert "secret-live" not in run(upstream, tmp_path, act, key=PAIR)
