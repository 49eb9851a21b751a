"""In which order deployments are asked, why, and what a full or failing one leads to. Pure."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from castlist import routing
from castlist.errors import NotFound, Unsupported
from castlist.model.capabilities import Capabilities
from castlist.model.operations import CreateVideo, EditVideo, Size, Source
from castlist.model.providing import Account, Deployment
from castlist.model.routes import Rules, Standing, Strategy
from castlist.routing import Scene

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)


def a_deployment(id, *, model="hero", account=None, capabilities=None, **more):
    has = Capabilities("fake", **{"implements": frozenset({"create", "edit"}), "micros_per_second": 0} | (capabilities or {}))
    return Deployment(id, model, "fake", f"model-of-{id}", Account(account or id, "fake"), has, **more)


def create(**changes):
    return CreateVideo("a scene", **{"model": "hero", "seconds": 4, "size": Size(1280, 720)} | changes)


def scene(strategy=Strategy.SHUFFLE, *, standings=None, rules=None, **more):
    return Scene(**{"now": NOW, "job": "video_1", "rules": rules or Rules(strategy), "standings": standings or {}} | more)


def names(plan):
    return [d.id for d in plan.able]


COOLED = Standing(4, cooled_until=LATER, why="it said no")
ONE, TWO = a_deployment("one"), a_deployment("two")


def test_lots_fall_by_weight():
    group = [a_deployment("light", weight=1), a_deployment("heavy", weight=3), a_deployment("none", weight=0)]

    first = Counter(names(routing.plan(create(), group, scene(job=f"video_{n}")))[0] for n in range(4000))

    assert first["none"] == 0
    assert 0.71 < first["heavy"] / 4000 < 0.79


def test_the_same_job_draws_the_same_lot():
    drawn = {tuple(names(routing.plan(create(), [ONE, TWO], scene()))) for _ in range(5)}

    assert len(drawn) == 1


def test_the_lowest_order_is_asked_first_and_none_last():
    group = [a_deployment("last"), a_deployment("second", order=2), a_deployment("first", order=1)]

    plan = routing.plan(create(), group, scene())

    assert names(plan) == ["first", "second", "last"]
    assert plan.choice().others == {"second": "its order is 2", "last": "it has no order"}


def test_the_least_busy_one_is_asked():
    plan = routing.plan(create(), [ONE, TWO], scene(Strategy.BUSY, standings={"one": Standing(assigned=2), "two": Standing(assigned=1)}))

    assert names(plan) == ["two", "one"]
    assert plan.choice().reason == "least busy, with 1 at work there"
    assert plan.choice().others == {"one": "it is busier, with 2 at work there"}


def test_the_quickest_one_is_asked_and_an_unknown_one_is_tried_by_one_video():
    known = {"one": Standing(pace=9.0, samples=3), "two": Standing(pace=4.0, samples=3)}
    new = a_deployment("new")

    assert names(routing.plan(create(), [ONE, TWO, new], scene(Strategy.LATENCY, standings=known))) == ["new", "two", "one"]
    tried = {**known, "new": Standing(assigned=1)}
    assert names(routing.plan(create(), [ONE, TWO, new], scene(Strategy.LATENCY, standings=tried))) == ["two", "one", "new"]


def test_the_cheapest_one_is_asked_and_one_without_a_price_last():
    cheap, dear = (a_deployment(name, capabilities={"micros_per_second": price}) for name, price in (("cheap", 100_000), ("dear", 400_000)))
    unknown = a_deployment("unknown", capabilities={"micros_per_second": None})

    plan = routing.plan(create(), [unknown, dear, cheap], scene(Strategy.COST))

    assert names(plan) == ["cheap", "dear", "unknown"]
    assert plan.choice().reason == "cheapest, for 0.40 USD"


def test_the_least_used_one_is_asked_for_its_share_of_what_it_takes_in_a_minute():
    large = a_deployment("large", rpm=60)

    plan = routing.plan(create(), [ONE, large], scene(Strategy.USAGE, standings={"one": Standing(sent=2), "large": Standing(sent=30)}))

    assert names(plan) == ["large", "one"]


def test_among_equals_the_one_that_has_the_cast_goes_first():
    first = {names(routing.plan(create(), [ONE, TWO], scene(job=f"video_{n}", bound=frozenset({"two"}))))[0] for n in range(20)}

    assert first == {"two"}


def test_a_follow_up_goes_to_who_made_its_source_whatever_the_order():
    group = [a_deployment("first", order=1), a_deployment("maker", order=2)]
    edit = EditVideo("warmer", "hero", source=Source("asset", 4.0, Size(1280, 720), video="video_0"))

    plan = routing.plan(edit, group, scene(source="maker"))

    assert names(plan) == ["maker", "first"]
    assert plan.choice().reason == "it made the source"


def test_one_that_is_left_alone_stands_behind_and_says_so():
    plan = routing.plan(create(), [a_deployment("one", order=1), TWO], scene(standings={"one": COOLED}))

    assert (names(plan), plan.wait) == (["two", "one"], None)
    assert plan.reasons | plan.places == plan.places
    assert plan.choice().others == {"one": "left alone until 12:00:30 UTC after it failed: it said no"}


def test_when_all_are_left_alone_the_first_to_come_back_is_waited_for():
    soon = replace(COOLED, cooled_until=NOW + timedelta(seconds=3))

    wait = routing.plan(create(), [ONE, TWO], scene(standings={"one": COOLED, "two": soon})).wait

    assert (wait.code, wait.until) == ("cooldown", soon.cooled_until)


def test_one_job_at_a_time_tries_what_was_left_alone():
    tried = Standing(4, cooled_until=NOW - timedelta(seconds=1), why="it said no", probe="video_9", probe_until=LATER)

    assert routing.plan(create(), [ONE], scene(standings={"one": tried})).wait.code == "cooldown"
    assert routing.plan(create(), [ONE], scene(standings={"one": tried}, job="video_9")).wait is None
    assert routing.plan(create(), [ONE], scene(standings={"one": replace(tried, probe_until=NOW)})).wait is None


def test_a_full_one_is_passed_by_and_a_full_model_is_waited_for():
    small, other = a_deployment("small", parallel=1), a_deployment("other", rpm=2)
    full = {"small": Standing(running=1), "other": Standing(sent=2, room_at=LATER)}

    assert names(routing.plan(create(), [small, TWO], scene(standings=full)))[0] == "two"
    wait = routing.plan(create(), [small, other], scene(standings=full)).wait
    assert wait.until == LATER
    assert routing.plan(create(), [other], scene(standings=full)).wait.code == "rate_limit"
    assert routing.plan(create(), [small], scene(standings=full)).wait.code == "slot"


def test_who_has_just_failed_is_asked_again_only_when_no_other_is_able():
    full = {"two": Standing(running=1)}
    busy = a_deployment("two", parallel=1)

    assert names(routing.plan(create(), [ONE, TWO], scene(avoid="one")))[0] == "two"
    assert routing.plan(create(), [ONE, busy], scene(avoid="one", standings=full)).wait.code == "slot"
    alone = routing.plan(create(), [ONE, TWO], scene(avoid="one", standings={"two": COOLED}))
    assert (names(alone)[0], alone.wait) == ("one", None)


RULES = Rules(fallbacks={"hero": ["spare"], "spare": ["last"], "*": ["last"]}, aliases={"star": "hero"})
SPARE, LAST = a_deployment("spare-1", model="spare"), a_deployment("last-1", model="last")


def test_fallbacks_come_after_the_model_in_their_order():
    plan = routing.plan(create(), [LAST, SPARE, ONE], scene(rules=RULES))

    assert names(plan) == ["one", "spare-1", "last-1"]
    assert plan.choice().others["spare-1"] == "it is a fallback, under spare"


def test_a_fallback_takes_what_the_model_cannot_do():
    short = a_deployment("short", capabilities={"max_seconds": 2})

    plan = routing.plan(create(), [short, SPARE], scene(rules=RULES))

    assert names(plan) == ["spare-1"]
    assert plan.choice().reason == "fallback of hero, able to take it"
    assert "not 4" in plan.choice().others["short"]


def test_a_fallback_is_asked_while_the_model_is_left_alone_but_not_while_it_is_full():
    full = a_deployment("one", parallel=1)

    assert names(routing.plan(create(), [ONE, SPARE], scene(rules=RULES, standings={"one": COOLED}))) == ["spare-1", "one"]
    assert routing.plan(create(), [full, SPARE], scene(rules=RULES, standings={"one": Standing(running=1)})).wait.code == "slot"


def test_what_was_tried_under_one_name_is_not_tried_under_another():
    twin = replace(ONE, id="twin", model="spare")

    assert names(routing.plan(create(), [ONE, twin, LAST], scene(rules=RULES))) == ["one", "last-1"]


def test_another_name_of_a_model_leads_to_it():
    assert names(routing.plan(create(model="star"), [ONE, TWO, SPARE], scene(rules=RULES)))[-1] == "spare-1"
    with pytest.raises(NotFound, match="star"):
        routing.plan(create(model="star"), [SPARE], scene(rules=RULES))


def test_when_nobody_is_able_each_says_why_fallbacks_too():
    short = [a_deployment(name, model=model, capabilities={"max_seconds": 2}) for name, model in (("a", "hero"), ("b", "spare"))]

    with pytest.raises(Unsupported) as refused:
        routing.plan(create(), short, scene(rules=RULES))

    assert set(refused.value.reasons) == {"a", "b"}


STANDINGS = some.builds(
    Standing,
    failures=some.integers(0, 5),
    cooled_until=some.sampled_from([None, NOW - timedelta(seconds=5), LATER]),
    why=some.just("it said no"),
    probe=some.sampled_from([None, "video_1", "video_2"]),
    probe_until=some.just(LATER),
    pace=some.one_of(some.none(), some.floats(0, 1000)),
    running=some.integers(0, 3),
    assigned=some.integers(0, 3),
    sent=some.integers(0, 3),
)
MANY = [
    a_deployment(f"d{n}", model="hero" if n < 4 else "spare", order=n % 3 or None, rpm=n or None, parallel=n % 3 or None) for n in range(6)
]


@given(
    some.dictionaries(some.sampled_from([d.id for d in MANY]), STANDINGS),
    some.sampled_from(Strategy),
    some.sampled_from([None, "d0", "d5"]),
    some.sets(some.sampled_from([d.id for d in MANY])),
)
def test_every_deployment_is_accounted_for_and_none_that_waits_goes_before_one_that_need_not(standings, strategy, avoid, tried):
    rules = Rules(strategy, fallbacks={"hero": ["spare"]})

    plan = routing.plan(create(), MANY, scene(rules=rules, standings=standings, avoid=avoid, tried=dict.fromkeys(tried, "tried")))

    assert sorted([*names(plan), *plan.reasons]) == [d.id for d in MANY]
    if not plan.able:
        return
    choice = plan.choice()
    assert choice.reason
    assert set(choice.others) == {d.id for d in MANY} - {plan.able[0].id}
    assert all(choice.others.values())
    grades = [plan.holds[d.id].grade for d in plan.able if d.model == plan.able[0].model]
    assert grades == sorted(grades)
    assert (plan.wait is None) == (plan.holds[plan.able[0].id].until is None)
