"""The router's settings: read in LiteLLM's words, mistakes told with their line and what would work."""

from datetime import date

import pytest

from castlist.config import load
from castlist.errors import ConfigError
from castlist.model.routes import Rules, Strategy

LIST = """model_list:
  - {model_name: hero, model_info: {id: one}, litellm_params: {model: fake/a, weight: 0.5, order: 0, rpm: 60, max_parallel_requests: 3}}
  - {model_name: hero, litellm_params: {model: fake/instant}}
  - {model_name: spare, litellm_params: {model: animatic/animatic}}
  - {model_name: chat, litellm_params: {model: openai/gpt-4o, api_key: k}}
"""


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return load(path, environ={}, providers=("animatic", "fake", "openai"))

    return read_text


@pytest.fixture
def mistake(read):
    def find(text):
        with pytest.raises(ConfigError) as wrong:
            read(text)
        ((line, sentence),) = wrong.value.mistakes
        return line, sentence

    return find


def test_an_entry_has_its_share_and_its_limits(read):
    one, other = read(LIST).models[:2]

    assert (one.weight, one.order, one.rpm, one.max_parallel_requests) == (0.5, 0, 60, 3)
    assert (other.weight, other.order, other.rpm, other.max_parallel_requests) == (None, None, None, None)


def test_an_entry_has_a_time_and_tries_of_its_own(read):
    named = read(
        LIST.replace("weight: 0.5", "weight: 0.5, timeout: 7.5, num_retries: 0"),
    ).models[0]

    assert (named.timeout, named.num_retries) == (7.5, 0)
    assert (read(LIST).models[0].timeout, read(LIST).models[0].num_retries) == (None, None)
    with pytest.raises(ConfigError, match="timeout must be more than 0 seconds"):
        read(LIST.replace("weight: 0.5", "weight: 0.5, timeout: 0"))


def test_how_long_a_retry_waits_and_that_nothing_is_left_alone_can_be_said(read):
    rules = read(f"{LIST}router_settings: {{retry_after: 3, disable_cooldowns: true}}\n").rules

    assert (rules.retry_after, rules.cools) == (3.0, False)


def test_without_rules_litellms_own_hold(read):
    assert read(LIST).rules == Rules(Strategy.SHUFFLE, allowed_fails=3, cooldown=5.0)


def test_the_rules_are_taken_from_both_sections_and_the_routers_wins(read):
    text = LIST + (
        "litellm_settings: {num_retries: 1, request_timeout: 20, allowed_fails: 9, fallbacks: [{hero: [spare, chat]}]}\n"
        "router_settings: {routing_strategy: usage-based-routing-v2, num_retries: 0, cooldown_time: 30, default_fallbacks: [spare],\n"
        "  model_group_alias: {star: hero, dark: {model: hero, hidden: true}, talk: chat}, enable_pre_call_checks: true}\n"
    )

    settings = read(text)

    assert settings.rules == Rules(
        Strategy.USAGE,
        num_retries=0,
        timeout=20.0,
        allowed_fails=9,
        cooldown=30.0,
        fallbacks={"*": ("spare",), "hero": ("spare",)},
        aliases={"star": "hero", "dark": "hero"},
        hidden=frozenset({"dark"}),
    )


@pytest.mark.parametrize("strategy", Strategy)
def test_each_strategy_has_litellms_name(read, strategy):
    assert read(f"{LIST}router_settings: {{routing_strategy: {strategy}}}\n").rules.strategy is strategy


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("routing_strategy: least-bussy", "unknown routing_strategy 'least-bussy'; did you mean 'least-busy'?"),
        ("routing_strategy: dice", "unknown routing_strategy 'dice'; it is one of simple-shuffle, least-busy, latency-based-routing, "),
        ("allowed_fail: 1", "unknown setting 'allowed_fail' in router_settings; did you mean 'allowed_fails'?"),
        ("num_retries: -1", "num_retries must be a whole number of at least 0, not -1"),
        ("timeout: 0", "timeout must be more than 0 seconds"),
        ("fallbacks: [{hero: [nobody]}]", "fallbacks: there is no model 'nobody' here; there are: chat, hero, spare"),
        ("fallbacks: [{heros: [spare]}]", "fallbacks: there is no model 'heros' here; did you mean 'hero'?"),
        ("fallbacks: [{hero: [hero]}]", "fallbacks go round in a ring: hero -> hero; leave 'hero' out of the fallbacks of 'hero'"),
        ("model_group_alias: {star: her}", "model_group_alias: there is no model 'her' here; did you mean 'hero'?"),
    ],
)
def test_a_mistake_names_its_line_and_what_would_work(mistake, rules, told):
    line, sentence = mistake(f"{LIST}router_settings: {{{rules}}}\n")

    assert line == 6
    assert sentence.startswith(told)


def test_a_ring_of_fallbacks_is_told_once_where_it_closes(mistake):
    text = LIST + "router_settings:\n  fallbacks:\n    - {hero: [spare]}\n    - {spare: [hero]}\n"

    line, sentence = mistake(text)

    assert line == 9
    assert sentence == "fallbacks go round in a ring: hero -> spare -> hero; leave 'hero' out of the fallbacks of 'spare'"


def test_a_weight_below_0_is_a_mistake(mistake):
    line, sentence = mistake(LIST.replace("weight: 0.5", "weight: -1"))

    assert (line, sentence) == (2, "weight must be a number of at least 0, not -1")


def test_two_deployments_with_one_id_are_a_mistake(mistake):
    line, sentence = mistake(LIST.replace("hero, litellm", "hero, model_info: {id: one}, litellm"))

    assert line == 2
    assert sentence == "another deployment below has the id 'one' too; give each a model_info.id of its own"


def test_checks_before_a_call_cannot_be_switched_off_and_that_is_said(read):
    (warning, *_) = read(LIST + "router_settings: {enable_pre_call_checks: false}\n").warnings[1:]

    assert "always on here" in warning


def test_fallbacks_of_another_name_are_those_of_its_model(read):
    text = LIST + (
        "router_settings:\n  model_group_alias: {star: hero, extra: {model: spare, hidden: true}}\n  fallbacks: [{star: [extra]}]\n"
    )

    rules = read(text).rules

    assert rules.chain("star") == rules.chain("hero") == ("hero", "spare")


def test_fallbacks_under_both_names_are_taken_together(read):
    more = "  - {model_name: last, litellm_params: {model: animatic/animatic}}\n"
    text = LIST + more + "router_settings: {model_group_alias: {star: hero}, fallbacks: [{star: [spare]}, {hero: [last, spare]}]}\n"

    assert read(text).rules.chain("hero") == ("hero", "spare", "last")


def test_a_ring_through_another_name_is_found(mistake):
    text = LIST + "router_settings:\n  model_group_alias: {star: hero}\n  fallbacks:\n  - {hero: [spare]}\n  - {spare: [star]}\n"

    line, sentence = mistake(text)

    assert line == 10
    assert "fallbacks go round in a ring: hero -> spare -> hero; leave 'hero' out of the fallbacks of 'spare'" in sentence


def test_another_name_is_known_where_it_replaces_a_model_that_is_gone(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(
        "model_list:\n  - {model_name: old, litellm_params: {model: openai/sora-2, api_key: k}}\n"
        "  - {model_name: spare, litellm_params: {model: fake/instant}}\n"
        "router_settings: {model_group_alias: {gone: old, other: spare}, fallbacks: [{gone: [other]}]}\n"
    )

    old, spare = load(path, environ={}, providers=("animatic", "fake", "openai"), today=date(2026, 11, 22)).models

    assert old.replacements == (spare.id,)


def test_what_replaces_a_model_that_is_gone_is_taken_together_from_both_its_names(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(
        "model_list:\n  - {model_name: old, litellm_params: {model: openai/sora-2, api_key: k}}\n"
        "  - {model_name: spare, litellm_params: {model: fake/instant}}\n"
        "  - {model_name: last, litellm_params: {model: animatic/animatic}}\n"
        "router_settings: {model_group_alias: {gone: old}, fallbacks: [{gone: [spare]}, {old: [last, spare]}]}\n"
    )

    old, spare, last = load(path, environ={}, providers=("animatic", "fake", "openai"), today=date(2026, 11, 22)).models

    assert old.replacements == (spare.id, last.id)


@pytest.mark.parametrize(
    ("written", "bounds"),
    [
        ("weight: .nan", "of at least 0, not nan"),
        ("weight: .inf", "from 0 to 1,000,000,000, not inf"),
        ("output_cost_per_second: .nan", "of at least 0, not nan"),
        ("output_cost_per_second: 1.0e+308", "from 0 to 1,000,000,000, not 1e+308"),
    ],
)
def test_a_number_that_is_none_is_a_mistake(mistake, written, bounds):
    line, sentence = mistake(f"model_list:\n  - {{model_name: a, litellm_params: {{model: fake/a, {written}}}}}\n")

    assert (line, sentence) == (2, f"{written.partition(':')[0]} must be a number {bounds}")


@pytest.mark.parametrize("written", [".nan", ".inf", "1.0e+300"])
def test_what_a_day_may_cost_is_a_number(mistake, written):
    line, sentence = mistake(f"castlist: {{max_spend_per_day: {written}}}\n")

    assert line == 1
    assert sentence.startswith("max_spend_per_day (in US dollars, or unlimited) must be a number")


@pytest.mark.parametrize(
    "written",
    [
        "castlist: {database_url: 'postgresql://u:secret@[h/db'}",
        "castlist: {assets: 's3://[bucket'}",
        "model_list: [{model_name: a, litellm_params: {model: openai/sora-2, api_base: 'http://[::1', api_key: k}}]",
    ],
)
def test_an_address_that_cannot_be_read_is_a_mistake_of_its_line(mistake, written):
    line, sentence = mistake(f"{written}\n")

    assert line == 1
    assert "secret" not in sentence


def test_twins_never_take_an_id_that_another_entry_was_given(read):
    entries = ("{model: fake/a}", "{model: fake/a}", "{model: fake/a}, model_info: {id: 'fake/a#2'}")
    text = "model_list:\n" + "".join(f"  - {{model_name: a, litellm_params: {each}}}\n" for each in entries)

    assert [model.id for model in read(text).models] == ["fake/a", "fake/a#3", "fake/a#2"]
