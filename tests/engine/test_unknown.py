"""What was sent and never answered: found again, held, ended or sent once more, and never sent twice by itself."""

import asyncio
from dataclasses import replace

import pytest

from castlist.errors import Ambiguous
from castlist.model.jobs import AttemptState, CostState, State
from castlist.model.operations import Wishes
from castlist.model.troubles import UnknownPolicy
from castlist.testing.fake import FakeProvider
from engine.conftest import ME
from engine.test_trouble import put_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def rule(s, **troubles):
    """The gateway with other rules for work that nobody answers for."""
    kit = s.engine.kit
    s.engine.kit = replace(kit, policy=replace(kit.policy, troubles=replace(kit.policy.troubles, **troubles)))


async def unknown(s, model="hero"):
    return await s.until(await s.create(model=model), lambda now: now.job.state is State.UNKNOWN)


async def test_it_is_held_says_so_and_fails_after_its_time_with_its_cost_unknown(stage):
    async with stage("hero: fake/ambiguous", params="output_cost_per_second: 1") as s:
        held = await s.until(await unknown(s), lambda now: now.job.waiting == "unknown")
        rule(s, unknown_after=0.0)
        await s.soon(held)
        ended = await s.end(held)

    assert (held.job.cost.state, held.job.cost.micros) == (CostState.UNKNOWN, 2_000_000)
    assert (ended.job.state, ended.job.error.code) == (State.FAILED, "provider_unknown")
    assert (ended.job.cost.state, ended.job.cost.micros) == (CostState.UNKNOWN, 2_000_000)
    assert [a.state for a in ended.attempts] == [AttemptState.UNKNOWN]
    assert s.provider("fake").submits == 1


async def test_the_policy_fail_ends_it_once_its_provider_had_time_to_show_it(stage):
    async with stage("hero: fake/ambiguous") as s:
        rule(s, unknown_policy=UnknownPolicy.FAIL, settles=3600.0)
        held = await s.until(await unknown(s), lambda now: now.job.waiting == "unknown")
        rule(s, settles=0.0)
        await s.soon(held)
        ended = await s.end(held)

    assert (ended.job.state, ended.job.error.code) == (State.FAILED, "provider_unknown")
    assert s.provider("fake").submits == 1


async def test_the_policy_resubmit_sends_it_once_more_and_counts_both(stage):
    async with stage("hero: fake/ambiguous", params="output_cost_per_second: 1") as s:
        rule(s, unknown_policy=UnknownPolicy.RESUBMIT, settles=0.0)
        first = await unknown(s)
        ended = await s.end(first)
        spent = await s.gateway.storage.jobs.spent()

    assert (ended.job.state, ended.job.error.code) == (State.FAILED, "provider_unknown")
    assert [a.state for a in ended.attempts] == [AttemptState.UNKNOWN] * 2
    assert len({a.reference for a in ended.attempts}) == 2
    assert s.provider("fake").submits == 2
    assert spent == 4_000_000


async def test_a_resubmission_that_succeeds_leaves_the_first_as_unknown(stage):
    async with stage("hero: fake/ambiguous?times=1") as s:
        rule(s, unknown_policy=UnknownPolicy.RESUBMIT, settles=0.0)
        ended = await s.end(await unknown(s))

    assert ended.job.state is State.SUCCEEDED
    assert [(a.state, a.cost.state) for a in ended.attempts] == [
        (AttemptState.UNKNOWN, CostState.UNKNOWN),
        (AttemptState.SUCCEEDED, CostState.BILLED),
    ]


async def test_a_request_has_a_policy_of_its_own_whatever_the_gateway_does_with_others(stage):
    async with stage("hero: fake/ambiguous") as s:
        rule(s, settles=0.0)
        again, ends, held = [
            await s.create(model="hero", wishes=Wishes(unknown_policy=policy))
            for policy in (UnknownPolicy.RESUBMIT, UnknownPolicy.FAIL, None)
        ]
        again, ends = await s.end(again), await s.end(ends)
        held = await s.until(held, lambda now: now.job.waiting == "unknown")
        rule(s, unknown_policy=UnknownPolicy.FAIL, settles=0.0)
        waits = await s.create(model="hero", wishes=Wishes(unknown_policy=UnknownPolicy.HOLD))
        waits = await s.until(waits, lambda now: now.job.waiting == "unknown")

    assert [(seen.job.state, len(seen.attempts)) for seen in (again, ends, held, waits)] == [
        (State.FAILED, 2),
        (State.FAILED, 1),
        (State.UNKNOWN, 1),
        (State.UNKNOWN, 1),
    ]


async def test_what_the_provider_shows_after_all_goes_on_whatever_the_policy(stage):
    async with stage("hero: fake/ambiguous?found=ticket") as s:
        rule(s, unknown_policy=UnknownPolicy.FAIL, settles=0.0)
        ended = await s.end(await s.create(model="hero"))

    assert (ended.job.state, len(ended.attempts), s.provider("fake").submits) == (State.SUCCEEDED, 1, 1)


async def test_a_job_that_can_be_cancelled_while_unknown_says_that_it_may_still_cost(stage):
    async with stage("hero: fake/ambiguous") as s:
        held = await unknown(s)
        await s.engine.cancel(ME, held.job.id)
        ended = await s.end(held)

    assert (ended.job.state, ended.job.cost.state) == (State.CANCELLED, CostState.UNKNOWN)
    assert [note.code for note in ended.job.warnings] == ["cancel_not_stopped"]
    assert "may still cost" in ended.job.warnings[0].message


class Lists(FakeProvider):
    """Knows nothing by our name, and lists what it took."""

    alike = 1

    async def find_alike(self, sent, *, since):
        assert (sent.model, sent.seconds, sent.size) == ("ambiguous", 2, "320x180")
        known = list(self._accepted.values())
        return known if len(known) == self.alike else []


@pytest.mark.parametrize("equal", [1, 2])
async def test_a_work_in_a_list_is_taken_for_ours_only_where_no_other_could_be(stage, equal):
    async with stage("hero: fake/ambiguous") as s:
        put_in(s, Lists)
        s.provider("fake").alike = equal
        made = [await s.create(model="hero") for _ in range(equal)]
        if equal == 1:
            ended = [await s.end(seen) for seen in made]
        else:
            ended = [await s.until(seen, lambda now: now.job.waiting == "unknown") for seen in made]

    assert {seen.job.state for seen in ended} == {State.SUCCEEDED if equal == 1 else State.UNKNOWN}
    assert s.provider("fake").submits == equal


class Meeting(FakeProvider):
    """Takes the first work and loses the others; shows it to all once two have asked."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.asked, self.met = 0, asyncio.Event()

    async def submit(self, prepared):
        if not self.submits:
            return await super().submit(prepared)
        self.submits += 1
        raise Ambiguous("lost on its way")

    async def find_alike(self, sent, *, since):
        self.asked += 1
        if self.asked == 2:
            self.met.set()
        await self.met.wait()
        return list(self._accepted.values())


async def test_one_work_that_two_look_for_at_once_makes_one_video(stage):
    async with stage("hero: fake/ambiguous") as s:
        put_in(s, Meeting)
        made = [await s.create(model="hero") for _ in range(2)]
        found = [await s.until(seen, lambda now: now.job.ended or now.job.waiting == "unknown") for seen in made]

    assert sorted(seen.job.state for seen in found) == [State.SUCCEEDED, State.UNKNOWN]
    assert len([attempt for seen in found for attempt in seen.attempts if attempt.ticket]) == 1


class Mistaken(FakeProvider):
    """Once shows another one's work, while a person says which one was ours."""

    meanwhile = None

    async def find(self, reference):
        if self.meanwhile is None or reference not in self._accepted:
            return await super().find(reference)
        say, self.meanwhile = self.meanwhile, None
        await say()
        return next(ticket for name, ticket in self._accepted.items() if name != reference)


async def test_what_a_person_says_while_another_ones_work_is_found_stays(stage):
    async with stage("hero: fake/ambiguous") as s:
        put_in(s, Mistaken)
        provider = s.provider("fake")
        other, ours = [await s.until(await unknown(s), lambda now: now.job.waiting == "unknown") for _ in range(2)]

        async def say(seen):
            ticket = provider._accepted[seen.attempts[0].reference]
            await s.engine.resolve_job(ME, seen.job.id, outcome="made", ticket=ticket.data)

        await say(other)
        await s.end(other)
        rule(s, unknown_policy=UnknownPolicy.FAIL, settles=0.0)
        provider.meanwhile = lambda: say(ours)
        await s.soon(ours)
        ended = await s.end(ours)

    assert (ended.job.state, [attempt.state for attempt in ended.attempts]) == (State.SUCCEEDED, [AttemptState.SUCCEEDED])
