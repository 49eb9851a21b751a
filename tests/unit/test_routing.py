"""Which deployments could take an operation, and what is said when none could."""

from dataclasses import replace
from datetime import date

import pytest

from castlist import routing
from castlist.errors import InvalidRequest, NotFound, NotImplementedHere, Retired, Unavailable, Unsupported
from castlist.model.capabilities import SOURCE, Capabilities, Private
from castlist.model.entries import Entry
from castlist.model.operations import CreateVideo, ExtendVideo, Size, Source, Wishes
from castlist.model.providing import Account, Deployment
from castlist.model.routes import Rules
from castlist.routing import Scene

EVERYTHING = frozenset({"create", "edit", "extend", "remix"})


def a_deployment(id="d1", *, model="hero", provider="fake", unavailable=None, **capabilities):
    has = Capabilities(provider, **{"implements": EVERYTHING, "uploaded_source": True} | capabilities)
    return Deployment(id, model, provider, provider, Account(provider, provider), has, unavailable=unavailable)


def create(**changes):
    return CreateVideo("a scene", **{"model": "hero", "seconds": 4, "size": Size(1280, 720)} | changes)


def extend(seconds=4, *, source=8.0):
    return ExtendVideo("on", "hero", seconds=seconds, source=Source("asset", source, Size(1280, 720), video="video_1"))


def test_an_unknown_model_is_answered_with_the_nearest_names():
    with pytest.raises(NotFound, match="hero") as missing:
        routing.plan(create(model="herro"), [a_deployment(), a_deployment("d2", model="other-thing")])

    assert (missing.value.status, missing.value.code, missing.value.param) == (404, "model_not_found", "model")


def test_a_length_no_deployment_makes_is_refused_with_the_limit():
    with pytest.raises(Unsupported, match="1 to 20 seconds, not 21") as refused:
        routing.plan(create(seconds=21), [a_deployment()])

    assert (refused.value.code, refused.value.param) == ("unsupported_value", "seconds")


def test_a_model_that_could_is_named():
    text_only = a_deployment(implements=frozenset({"create"}))

    with pytest.raises(Unsupported, match="Models here that can: other") as refused:
        routing.plan(extend(), [text_only, a_deployment("d2", model="other")])

    assert refused.value.code == "unsupported_operation"


def test_what_nothing_here_implements_is_501():
    with pytest.raises(NotImplementedHere) as refused:
        routing.plan(extend(), [a_deployment(implements=frozenset({"create"}))])

    assert refused.value.status == 501


def test_the_whole_extension_has_a_limit():
    with pytest.raises(Unsupported, match="room for 5 more"):
        routing.plan(extend(8, source=115.0), [a_deployment()])


def test_an_unavailable_deployment_says_why():
    with pytest.raises(Unavailable, match="OPENAI_API_KEY is not set"):
        routing.plan(create(), [a_deployment(unavailable="OPENAI_API_KEY is not set")])


def test_one_able_deployment_is_enough_and_the_others_have_reasons():
    plan = routing.plan(create(seconds=12), [a_deployment("short", max_seconds=8), a_deployment("long")])

    assert [d.id for d in plan.able] == ["long"]
    assert "not 12" in plan.reasons["short"]


def test_a_deployment_that_was_tried_is_left_out():
    plan = routing.plan(create(), [a_deployment("first"), a_deployment("second")], Scene(tried={"first": "it was tried before"}))

    assert [d.id for d in plan.able] == ["second"]
    assert plan.reasons == {"first": "it was tried before"}


def test_characters_are_refused_unless_a_step_down_is_allowed():
    operation = create(characters=("char_1",))
    with pytest.raises(Unsupported) as refused:
        routing.plan(operation, [a_deployment()])
    assert (refused.value.code, refused.value.param) == ("too_many_characters", "characters")

    allowed = create(characters=("char_1",), wishes=Wishes(degrade=True))
    assert routing.plan(allowed, [a_deployment()]).able


def test_an_option_the_provider_does_not_offer_is_named():
    operation = create(wishes=Wishes(options={"fake": {"callback_url": "http://x"}}))

    with pytest.raises(InvalidRequest, match="callback_url") as refused:
        routing.plan(operation, [a_deployment()])

    assert refused.value.param == "fake.callback_url"


def test_an_option_takes_the_words_that_the_provider_offers():
    able = a_deployment(options={"audio": ("on", "off")})
    for word in ("on", "off", None):
        assert routing.plan(create(wishes=Wishes(options={"fake": {"audio": word}})), [able]).able

    with pytest.raises(InvalidRequest, match='"on" or "off", and not \'loud\'') as refused:
        routing.plan(create(wishes=Wishes(options={"fake": {"audio": "loud"}})), [able])

    assert (refused.value.code, refused.value.param) == ("invalid_option", "fake.audio")


def test_a_model_that_is_gone_is_410_and_503_beside_one_that_only_cannot_be_used_now():
    gone = replace(a_deployment(unavailable="it was shut down"), retired=True)

    with pytest.raises(Retired, match=r"it was shut down.* Models here that can: other") as refused:
        routing.plan(create(), [gone, a_deployment("d2", model="other")])
    assert (refused.value.status, refused.value.code, refused.value.param) == (410, "provider_retired", "model")
    with pytest.raises(Unavailable):
        routing.plan(create(), [gone, a_deployment("d2", unavailable="its key is not set")])
    assert routing.plan(create(), [gone, a_deployment("d2")]).able[0].id == "d2"


def test_what_costs_more_than_the_request_allows_is_left_out_with_both_amounts():
    dear, cheap = a_deployment("dear", prices={"720p": 200_000}), a_deployment("cheap", prices={"720p": 100_000})

    plan = routing.plan(create(wishes=Wishes(max_cost=400_000)), [dear, cheap])

    assert [d.id for d in plan.able] == ["cheap"]
    assert plan.reasons["dear"] == "fake would cost up to 0.80 USD, more than the max_cost of 0.40 USD"
    with pytest.raises(Unsupported, match=r"0\.39") as refused:
        routing.plan(create(wishes=Wishes(max_cost=390_000)), [dear, cheap])
    assert (refused.value.code, refused.value.param) == ("max_cost_exceeded", "castlist.max_cost")


def test_what_nobody_knows_the_price_of_is_not_held_to_a_cost():
    assert routing.plan(create(), [a_deployment()]).able
    with pytest.raises(Unsupported, match="output_cost_per_second") as refused:
        routing.plan(create(wishes=Wishes(max_cost=10_000_000)), [a_deployment()])
    assert refused.value.code == "price_unknown"


def test_a_price_is_that_of_the_length_a_step_down_makes():
    short = a_deployment(prices={"720p": 100_000}, max_seconds=3)

    assert routing.plan(create(wishes=Wishes(degrade=True, max_cost=300_000)), [short]).able


OPTIONS = {"xai": {"audio": "off"}}


def test_options_of_a_provider_that_serves_the_model_nowhere_are_refused_with_those_that_do():
    group = [a_deployment(), a_deployment("d2", provider="kling"), a_deployment("d3", model="other", provider="xai")]

    with pytest.raises(InvalidRequest, match="hero is served by fake and kling, so options of xai would reach nobody") as refused:
        routing.check_options(create(wishes=Wishes(options=OPTIONS)), group, Rules())

    assert (refused.value.status, refused.value.code, refused.value.param) == (400, "unknown_option", "xai")


def test_options_of_a_provider_that_may_come_to_serve_are_taken():
    asked = create(wishes=Wishes(options=OPTIONS))
    there = a_deployment("d3", model="other", provider="xai")
    gone = replace(a_deployment(), entry=Entry("xai", "grok", "https://example.com", date(2026, 11, 1)))

    routing.check_options(asked, [a_deployment(), replace(there, model="hero")], Rules())
    routing.check_options(asked, [a_deployment(), there], Rules(fallbacks={"hero": ["other"]}))
    routing.check_options(asked, [gone], Rules())


def test_what_is_read_by_an_address_goes_where_there_is_one_or_where_the_source_was_made():
    reader, other = a_deployment(links=frozenset({SOURCE})), a_deployment("d2", provider="other")
    hidden = Scene(private=Private())

    assert routing.plan(extend(), [reader, other], hidden).able == (other,)
    assert routing.plan(extend(), [reader], replace(hidden, keepers=frozenset({"fake"}))).able == (reader,)
    assert routing.plan(extend(), [reader], Scene()).able == (reader,)
    assert routing.plan(create(), [reader], hidden).able == (reader,)


def test_a_clip_that_is_read_by_an_address_is_done_without_where_that_is_allowed():
    reader = a_deployment(links=frozenset({"clip-8s"}), native_variant="still-1", characters=2)
    asked = create(characters=("char_1",))
    clip, still = frozenset({"clip-8s", "still-1"}), frozenset({"clip-8s"})

    with pytest.raises(Unsupported, match=r"set media\.public_base_url") as refused:
        routing.plan(asked, [reader], Scene(private=Private(cast=(clip,))))

    assert (refused.value.code, refused.value.param) == ("public_url_required", "characters")
    assert routing.plan(asked, [reader], Scene(private=Private(cast=(still,)))).able
    assert routing.plan(replace(asked, wishes=Wishes(degrade=True)), [reader], Scene(private=Private(cast=(clip,)))).able
