"""Several deployments under one name: who is asked, who is left alone, who waits, and what is told of it."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise

import pytest

from castlist.assembly import open_gateway
from castlist.config import load
from castlist.engine.faring import note_refusal
from castlist.engine.ordering import make_ready
from castlist.errors import Refused, Retry
from castlist.model.asks import Caller
from castlist.model.characters import BindingState
from castlist.model.jobs import AttemptState, State
from engine.conftest import Stage

ME = Caller("default", master=True)


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.fixture
def routes(tmp_path, small_clip):
    """Opens a gateway over deployments, each an account of its own: `routes({"one": "fake/instant, weight: 2"})`."""

    @asynccontextmanager
    async def open_routes(deployments, *, rules="", model="hero", others="", settings=None, worker=True):
        parts = {name: params.partition(", ") for name, params in deployments.items()}
        lines = [
            f"  - {{model_name: {model}, account: {name}, model_info: {{id: {name}}}, settings: {{{(settings or {}).get(name, '')}}}, "
            f"litellm_params: {{model: '{target}'{comma}{rest}}}}}"
            for name, (target, comma, rest) in parts.items()
        ]
        config = tmp_path / f"{'-'.join(deployments)}.yaml"
        config.write_text("\n".join(["model_list:", *lines, others, f"router_settings: {{{rules}}}" if rules else "", ""]))
        gateway = await open_gateway(load(config, environ={"CASTLIST_DATA": str(tmp_path / "data")}), serving=True, worker=worker)
        await gateway.start()
        try:
            yield Stage(gateway, small_clip)
        finally:
            await gateway.stop()

    return open_routes


def asked(seen):
    return [attempt.deployment for attempt in seen.attempts]


def test_a_decision_is_recorded_with_the_reasons_of_all(routes):
    async def scene():
        async with routes({"one": "fake/refuse, order: 1", "two": "fake/instant, order: 2", "three": "fake/instant, order: 3"}) as s:
            return await s.end(await s.create(model="hero"))

    seen = run(scene())

    first, second = seen.attempts
    assert (first.deployment, first.reason, first.state) == ("one", "its order is 1", AttemptState.REFUSED)
    assert first.others == {"two": "its order is 2", "three": "its order is 3"}
    assert (second.deployment, second.reason) == ("two", "its order is 2")
    assert second.others["one"].startswith("it was tried before: ")
    assert second.others["three"] == "its order is 3"


def test_videos_are_spread_by_weight(routes):
    async def scene():
        async with routes({"light": "fake/instant, weight: 1", "heavy": "fake/instant, weight: 9"}) as s:
            ended = [await s.end(seen) for seen in [await s.create(model="hero") for _ in range(12)]]
            return [seen.job.deployment for seen in ended]

    used = run(scene())

    assert used.count("heavy") > used.count("light")


def test_videos_asked_for_at_once_go_to_the_least_busy(routes):
    async def scene():
        rules = "routing_strategy: least-busy"
        async with routes(dict.fromkeys(("a", "b", "c"), "fake/stuck"), rules=rules) as s:
            made = await asyncio.gather(*(s.create(model="hero") for _ in range(9)))
            running = [await s.until(seen, lambda now: now.job.state is State.RUNNING) for seen in made]
            return Counter(seen.job.deployment for seen in running)

    counts = run(scene())

    assert counts == {"a": 3, "b": 3, "c": 3}


def test_the_quickest_is_asked_once_both_are_known(routes):
    async def scene():
        rules = "routing_strategy: latency-based-routing"
        async with routes({"slow": "fake/slow?seconds=1.5&again=0.1", "quick": "fake/instant"}, rules=rules) as s:
            return [(await s.end(await s.create(model="hero"))).job.deployment for _ in range(4)]

    used = run(scene())

    assert set(used[:2]) == {"slow", "quick"}
    assert used[2:] == ["quick", "quick"]


def test_a_deployment_that_fails_again_and_again_is_left_alone_by_every_process(routes):
    async def scene():
        deployments = {"bad": "fake/unreachable?after=0.1, order: 1", "good": "fake/instant, order: 2"}
        async with routes(deployments, rules="allowed_fails: 1, cooldown_time: 60") as one:
            ended = [await one.end(await one.create(model="hero")) for _ in range(3)]
            async with routes(deployments, rules="allowed_fails: 1, cooldown_time: 60") as two:
                return ended, await two.end(await two.create(model="hero")), one.provider("bad").submits + two.provider("bad").submits

    ended, last, submits = run(scene())

    assert [asked(seen) for seen in ended] == [["bad", "good"], ["bad", "good"], ["good"]]
    assert (asked(last), submits) == (["good"], 2)
    assert last.attempts[0].others["bad"].startswith("left alone until ")


def test_after_its_time_one_video_tries_it_and_the_others_follow(routes):
    async def scene():
        bad = {"bad": "fake/unreachable?times=2&after=0.1"}
        async with routes(bad, rules="allowed_fails: 0, cooldown_time: 1") as s:
            made = await asyncio.gather(*(s.create(model="hero") for _ in range(6)))
            waiting = await s.until(made[0], lambda now: bool(now.job.waiting) or now.job.ended)
            return waiting.job.waiting, [await s.end(seen) for seen in made]

    waiting, ended = run(scene())

    assert waiting in {"cooldown", "provider_unreachable"}
    assert {seen.job.state for seen in ended} == {State.SUCCEEDED}
    assert sum(len(seen.attempts) for seen in ended) <= 6 + 6


def test_places_are_shared_by_all_processes_and_waited_for(routes):
    async def scene():
        limited = {"small": "fake/slow?seconds=0.3&again=0.1, max_parallel_requests: 2"}
        async with routes(limited) as one, routes(limited) as two:
            made = [await (one, two)[n % 2].create(model="hero") for n in range(8)]
            most, states = 0, []
            while len(states) < 8:
                running = (await one.gateway.storage.health.standings(one.engine.kit.deployments)).get("small")
                most = max(most, running.running if running else 0)
                states = [seen for seen in [await one.engine.video(ME, m.job.id) for m in made] if seen.job.ended]
                await asyncio.sleep(0.05)
            return most, states, [note for seen in states for note in seen.job.warnings]

    most, ended, _ = run(scene())

    assert most == 2
    assert [(seen.job.state, len(seen.attempts)) for seen in ended] == [(State.SUCCEEDED, 1)] * 8


def test_the_rate_of_a_minute_is_kept_and_the_rest_waits(routes):
    async def scene():
        async with routes({"slow": "fake/instant, rpm: 2"}) as s:
            made = await asyncio.gather(*(s.create(model="hero") for _ in range(4)))
            async with asyncio.timeout(60):
                while True:
                    seen = [await s.engine.video(ME, each.job.id) for each in made]
                    if [each.job.waiting for each in seen].count("rate_limit") == 2 and sum(each.job.ended for each in seen) == 2:
                        return seen, s.provider("slow").submits, s.engine.kit.clock()
                    await asyncio.sleep(0.05)

    seen, submits, now = run(scene())

    assert submits == 2
    assert all((each.job.due_at - now).total_seconds() > 30 for each in seen if not each.job.ended)


def test_a_full_deployment_is_passed_by(routes):
    async def scene():
        async with routes({"small": "fake/stuck, order: 1, max_parallel_requests: 1", "other": "fake/instant, order: 2"}) as s:
            first = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
            return first, await s.end(await s.create(model="hero"))

    first, second = run(scene())

    assert (asked(first), asked(second)) == (["small"], ["other"])
    assert second.attempts[0].others == {"small": "its one place is taken"}


SPARE = "  - {model_name: spare, account: spare, model_info: {id: spare}, litellm_params: {model: fake/instant}}"


def test_a_fallback_is_asked_when_the_model_refuses_and_the_video_says_so(routes):
    async def scene():
        async with routes({"one": "fake/refuse"}, rules="fallbacks: [{hero: [spare]}]", others=SPARE) as s:
            return await s.end(await s.create(model="hero"))

    seen = run(scene())

    assert asked(seen) == ["one", "spare"]
    assert seen.job.operation.model == "hero"
    assert "model_fallback" in [note.code for note in seen.job.warnings]


def test_a_fallback_is_asked_after_as_many_tries_as_are_wanted(routes):
    async def scene():
        rules = "num_retries: 1, allowed_fails: 100, fallbacks: [{hero: [spare]}]"
        async with routes({"one": "fake/unreachable?after=0.1"}, rules=rules, others=SPARE) as s:
            return await s.end(await s.create(model="hero"))

    assert asked(run(scene())) == ["one", "one", "spare"]


def test_without_a_fallback_the_tries_end_with_what_was_said_last(routes):
    async def scene():
        async with routes({"one": "fake/unreachable?after=0.1"}, rules="num_retries: 1, allowed_fails: 100") as s:
            return await s.end(await s.create(model="hero"))

    seen = run(scene())

    assert (seen.job.state, seen.job.error.code, asked(seen)) == (State.FAILED, "provider_unreachable", ["one", "one"])


def test_a_deployment_has_tries_of_its_own(routes):
    async def scene():
        deployments = {"one": "fake/unreachable?after=0.1, num_retries: 0"}
        async with routes(deployments, rules="num_retries: 5, allowed_fails: 100") as s:
            return await s.end(await s.create(model="hero"))

    assert asked(run(scene())) == ["one"]


def test_a_deployment_is_waited_for_as_long_as_it_says(routes):
    async def scene():
        deployments = {"one": "fake/instant, order: 1, timeout: 7", "two": "fake/instant, order: 2"}
        async with routes(deployments, rules="timeout: 40") as s:
            await s.end(await s.create(model="hero"))
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.ended)
            kit, job = s.engine.kit, seen.job
            return [(await make_ready(kit, job, kit.deployment(name), characters=[])).prepared.order.timeout for name in ("one", "two")]

    assert run(scene()) == [7.0, 40.0]


def test_a_retry_waits_at_least_as_long_as_is_said_and_nothing_is_left_alone(routes):
    async def scene():
        rules = "retry_after: 1.5, disable_cooldowns: true, num_retries: 2, allowed_fails: 0"
        async with routes({"one": "fake/unreachable?after=0.1"}, rules=rules) as s:
            seen = await s.end(await s.create(model="hero"))
            return seen, await s.engine.storage.health.standings([s.engine.kit.deployment("one")])

    seen, standings = run(scene())
    starts = [attempt.started_at for attempt in seen.attempts]

    assert len(starts) == 3
    assert all((later - earlier).total_seconds() >= 1.5 for earlier, later in pairwise(starts))
    assert all(standing.cooled_until is None and standing.failures == 0 for standing in standings.values())


def test_a_retry_goes_elsewhere_and_comes_back_only_when_it_must(routes):
    async def scene():
        deployments = {
            "one": "fake/refuse?retry=same&times=1&after=0.1, order: 1",
            "two": "fake/refuse?retry=same&times=1&after=0.1, order: 2",
        }
        async with routes(deployments) as s:
            return await s.end(await s.create(model="hero"))

    assert asked(run(scene())) == ["one", "two", "one"]


def test_other_names_of_a_model_can_be_asked_and_are_listed_unless_hidden(routes):
    async def scene():
        rules = "model_group_alias: {star: hero, secret: {model: hero, hidden: true}}"
        async with routes({"one": "fake/instant"}, rules=rules) as s:
            ended = [await s.end(await s.create(model=name)) for name in ("star", "secret")]
            return ended, [model.id for model in s.engine.models()], await s.character(targets=("star",))

    ended, models, character = run(scene())

    assert [(seen.job.state, seen.job.operation.model) for seen in ended] == [(State.SUCCEEDED, "star"), (State.SUCCEEDED, "secret")]
    assert models == ["hero", "star"]
    assert character.targets == ("star",)


def test_a_follow_up_goes_to_who_made_its_source(routes):
    async def scene():
        async with routes({"one": "fake/instant", "two": "fake/instant", "three": "fake/instant"}) as s:
            first = await s.end(await s.create(model="hero"))
            followed = [await s.end(await s.follow("remix", first.job.id)) for _ in range(4)]
            return first, followed

    first, followed = run(scene())

    assert {seen.job.deployment for seen in followed} == {first.job.deployment}
    assert {seen.attempts[0].reason for seen in followed} == {"it made the source"}


def test_handles_are_made_on_every_deployment_behind_the_names_and_who_has_one_goes_first(routes):
    async def scene():
        binds = dict.fromkeys(("one", "two", "three"), "binds: 1") | {"two": "binds: 1, binding: refused"}
        async with routes(dict.fromkeys(binds, "fake/instant"), settings=binds) as s:
            made = await s.ready(await s.character(targets=("hero",)))
            async with asyncio.timeout(60):
                while len(made.bindings) < 3 or any(b.state is BindingState.MAKING for b in made.bindings):
                    await asyncio.sleep(0.05)
                    made = await s.engine.character(ME, made.id)
            cast = (made.id,)
            ended = [await s.end(await s.create("Luna waves", model="hero", characters=cast)) for _ in range(4)]
            return {b.account: b.state for b in made.bindings}, {seen.job.deployment for seen in ended}

    states, used = run(scene())

    assert states == {"one": BindingState.READY, "two": BindingState.FAILED, "three": BindingState.READY}
    assert used <= {"one", "three"}


def test_another_deployment_gets_the_character_copied_before_it_is_used(routes):
    async def scene():
        settings = {"one": "binds: 1", "two": "binds: 1"}
        async with routes({"one": "fake/refuse, order: 1", "two": "fake/instant, order: 2"}, settings=settings) as s:
            luna = await s.ready(await s.character())
            seen = await s.end(await s.create("Luna waves", model="hero", characters=(luna.id,)))
            return seen, s.provider("two").last.cast[0].handle, s.provider("two").handles

    seen, handle, handles = run(scene())

    assert asked(seen) == ["one", "two"]
    assert handle in handles


def test_a_job_of_a_model_that_this_gateway_has_not_waits_for_one_that_has(routes):
    async def scene():
        async with AsyncExitStack() as stack:
            one = await stack.enter_async_context(routes({"one": "fake/unreachable?times=1&after=0.1"}, model="mine"))
            seen = await one.create(model="mine")
            async with routes({"two": "fake/instant"}, model="theirs"):
                return await one.end(seen)

    assert run(scene()).job.state is State.SUCCEEDED


def test_a_video_that_waits_for_a_deployment_that_left_goes_to_another_of_its_model(routes):
    async def scene():
        async with routes({"one": "fake/instant"}, worker=False) as s:
            seen = await s.create(model="hero")
            await s.soon(seen)
        async with routes({"two": "fake/instant"}) as s:
            return seen, await s.end(await s.engine.video(ME, seen.job.id))

    seen, ended = run(scene())

    assert (seen.job.deployment, ended.job.state, asked(ended)) == ("one", State.SUCCEEDED, ["two"])


def test_what_is_refused_here_frees_no_deployment_that_is_left_alone(routes):
    async def scene():
        async with routes({"one": "fake/instant"}) as s:
            kit, refusal = s.engine.kit, Refused("the order does not fit", retry=Retry.ELSEWHERE)
            await kit.storage.health.fail("one", "busy", allowed=0, cooldown=600)
            cooled = []
            for asked in (False, True):
                await note_refusal(kit, "one", refusal, asked=asked)
                cooled.append((await kit.storage.health.standings(kit.deployments))["one"].cooled_until is not None)
            return cooled

    assert run(scene()) == [True, False]
