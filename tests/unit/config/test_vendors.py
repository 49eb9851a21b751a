"""Tests: what the catalogue, usual variables and fallbacks make of entries."""

from datetime import date
from pathlib import Path

import pytest

from castlist.config import Settings, load
from castlist.errors import ConfigError

TODAY = date(2026, 11, 22)
KEYS = {"GEMINI_API_KEY": "g-secret", "XAI_API_KEY": "x-secret", "OPENAI_API_KEY": "o-secret"}


@pytest.fixture
def read_config(tmp_path: Path):
    def read_text(text: str, *, environ: dict[str, str] | None = None, today: date = TODAY) -> Settings:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return load(path, environ=environ or {}, today=today)

    return read_text


def entry(name: str, params: str, rest: str = "") -> str:
    return f"  - {{model_name: {name}, litellm_params: {{{params}}}{rest}}}\n"


def models(*entries: str) -> str:
    return "model_list:\n" + "".join(entries)


def test_a_key_in_the_environment_offers_its_vendors_models_under_their_own_names():
    found = load(None, environ=KEYS, today=TODAY).models

    assert [model.name for model in found[:3]] == ["animatic", "sora-2", "sora-2-pro"]
    assert {model.provider for model in found[:3]} == {"animatic"}
    assert [model.name for model in found[3:]] == [
        "gemini-omni-1.2-flash",
        "gemini-omni-1.1-flash",
        "grok-imagine-video",
        "grok-imagine-video-1.5",
        "grok-imagine-video-1.5-lite",
    ]
    assert found[3].account == "gemini GEMINI_API_KEY"
    assert "secret" not in repr(found)


def test_a_key_never_takes_over_a_name():
    before = load(None, environ=KEYS, today=date(2026, 9, 1)).models

    assert [(model.name, model.provider) for model in before[:3]] == [(name, "animatic") for name in ("animatic", "sora-2", "sora-2-pro")]
    assert {"openai/sora-2", "openai/sora-2-pro"} <= {model.name for model in before}


def test_keys_offer_models_beside_a_file_without_a_list_and_not_beside_one_with(read_config):
    without = read_config("castlist: {max_spend_per_day: 5}\n", environ=KEYS)
    given = read_config(models(entry("a", "model: animatic/animatic")), environ=KEYS)

    assert "gemini-omni-1.2-flash" in {model.name for model in without.models}
    assert without.max_spend_per_day == 5_000_000
    assert [model.name for model in given.models] == ["a"]


def test_another_address_comes_from_the_usual_variable_too():
    environ = {"GEMINI_API_KEY": "g", "GEMINI_API_BASE": "http://127.0.0.1:9/"}

    model = load(None, environ=environ, today=TODAY).models[3]

    assert (model.api_base, model.id) == ("http://127.0.0.1:9", "gemini/gemini-omni-1.2-flash@os.environ/GEMINI_API_BASE")


def test_an_entry_without_a_key_takes_the_vendors_usual_one(read_config):
    model = read_config(models(entry("hero", "model: gemini/gemini-omni-1.2-flash")), environ=KEYS).models[0]

    assert (model.api_key, model.key_name, model.unavailable) == ("g-secret", "GEMINI_API_KEY", None)


def test_a_vendors_key_never_goes_to_another_host(read_config):
    text = models(entry("hero", "model: gemini/gemini-omni-1.2-flash, api_base: 'http://127.0.0.1:9'"))
    model = read_config(text, environ=KEYS).models[0]

    assert model.api_key is None


def test_a_vendors_model_without_any_key_names_the_variable(read_config):
    model = read_config(models(entry("hero", "model: gemini/gemini-omni-1.2-flash"))).models[0]

    assert model.unavailable == "gemini needs an api_key, or the environment variable GEMINI_API_KEY"


SORA = entry("sora-2", "model: openai/sora-2, api_key: k", ", fallback: hero")
HERO = entry("hero", "model: gemini/gemini-omni-1.2-flash, api_key: k")


def test_a_fallback_serves_in_place_of_a_model_that_is_gone(read_config):
    sora, hero = read_config(models(SORA, HERO)).models

    assert sora.replacements == (hero.id,)
    assert not sora.stands_in
    assert sora.unavailable is None


@pytest.mark.parametrize(
    "rest", ["castlist: {fallback: [gone, hero]}\n", "litellm_settings: {fallbacks: [{sora-2: [hero]}, {gpt-4: [gpt-3]}]}\n"]
)
def test_a_fallback_may_be_said_for_all_and_in_litellms_words(read_config, rest):
    text = models(entry("sora-2", "model: openai/sora-2, api_key: k"), HERO, entry("gone", "model: azure/sora-2, api_key: k")) + rest
    settings = read_config(text)

    assert settings.models[0].replacements == (settings.models[1].id,)
    assert settings.warnings == ()


def test_a_fallback_of_a_fallback_is_followed_and_a_ring_ends(read_config):
    ring = models(SORA, entry("hero", "model: azure/sora-2, api_key: k", ", fallback: sora-2"))
    chain = models(SORA, entry("hero", "model: azure/sora-2, api_key: k", ", fallback: last"), entry("last", "model: animatic/animatic"))

    assert read_config(ring).models[0].stands_in
    assert read_config(chain).models[0].replacements == ("animatic/animatic",)


def test_a_fallback_that_cannot_be_used_leaves_the_embedded_renderer(read_config):
    text = models(SORA, entry("hero", "model: gemini/gemini-omni-1.2-flash, api_key: os.environ/NONE"))

    assert read_config(text).models[0].stands_in


@pytest.mark.parametrize("text", [models(SORA), models(entry("a", "model: animatic/animatic")) + "castlist: {fallback: hero}\n"])
def test_an_unknown_fallback_is_a_mistake(read_config, text):
    with pytest.raises(ConfigError, match="fallback: there is no model 'hero' here"):
        read_config(text)


def test_a_sunset_of_ones_own_holds_on_the_vendors_host_alone(read_config):
    rest = "castlist: {catalogue: {gemini/gemini-omni-1.2-flash: {sunset: 2026-11-01, micros_per_second: 7}}}\n"
    here = read_config(models(HERO) + rest).models[0]
    there = read_config(models(entry("hero", "model: gemini/gemini-omni-1.2-flash, api_base: 'http://h/'")) + rest).models[0]

    assert here.stands_in
    assert there.retired_on is None
    assert there.known.prices == {"": 7}
    assert there.known.source == "the configuration"


def test_a_model_about_to_go_is_known_to(read_config):
    rest = "castlist: {catalogue: {gemini/gemini-omni-1.2-flash: {sunset: 2027-01-01}}}\n"

    assert read_config(models(HERO) + rest).models[0].leaving
    assert not read_config(models(HERO) + rest, today=date(2026, 10, 1)).models[0].leaving


def test_a_model_that_only_the_file_knows_is_offered_by_a_key(read_config):
    found = read_config("castlist: {catalogue: {gemini/gemini-omni-2-flash: {seconds: {min: 3, max: 20}}}}\n", environ=KEYS).models

    (model,) = [each for each in found if each.name == "gemini-omni-2-flash"]
    assert model.known.limits["max_seconds"] == 20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("castlist: {catalogue: {hero: {sunset: 2027-01-01}}}\n", "'hero' is no PROVIDER/MODEL"),
        ("castlist: {catalogue: {gemni/x: {}}}\n", "did you mean 'gemini'?"),
        ("castlist: {catalogue: {gemini/x: {sunst: 2027-01-01}}}\n", "did you mean 'sunset'?"),
        ("castlist: {max_spend_per_day: much}\n", "max_spend_per_day (in US dollars, or unlimited) must be a number"),
        ("castlist: {max_spend_per_day: -1}\n", "at least 0"),
    ],
)
def test_what_is_wrong_about_prices_is_told(read_config, text, says):
    with pytest.raises(ConfigError) as caught:
        read_config(text)

    assert says in str(caught.value)


def test_the_limit_of_a_day_is_twenty_dollars_or_what_the_file_says(read_config):
    assert load(None, environ={}).max_spend_per_day == 20_000_000
    assert read_config("castlist: {max_spend_per_day: 0}\n").max_spend_per_day == 0
    assert read_config("castlist: {max_spend_per_day: unlimited}\n").max_spend_per_day is None
