"""Tests: a configuration becomes settings, and each mistake in one is told with its line."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castlist.config import OnRetired, Overrides, PromptName, Settings, client_settings, load
from castlist.config.document import read
from castlist.errors import ConfigError
from castlist.providers import provider_names

SEED = """\
model_list:
  - model_name: sora-2
    litellm_params:
      model: openai/sora-2
      api_key: os.environ/OPENAI_API_KEY
  - model_name: sora-2-pro
    litellm_params:
      model: openai/sora-2-pro
      api_key: os.environ/OPENAI_API_KEY
general_settings:
  master_key: sk-1234
"""
TODAY = date(2026, 11, 22)


@pytest.fixture
def read_config(tmp_path: Path):
    def read_text(text: str, *, environ: dict[str, str] | None = None, today: date = TODAY) -> Settings:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return load(path, environ=environ or {}, today=today)

    return read_text


@pytest.fixture
def mistakes(read_config):
    def of(text: str) -> list[tuple[int, str]]:
        with pytest.raises(ConfigError) as caught:
            read_config(text)
        return list(caught.value.mistakes)

    return of


def entry(params: str, *, name: str = "hero", rest: str = "") -> str:
    return f"model_list:\n  - model_name: {name}\n    litellm_params: {{{params}}}\n{rest}"


def test_without_a_file_three_models_are_on_the_embedded_renderer():
    settings = load(None, environ={})

    assert [(model.name, model.provider) for model in settings.models] == [
        ("animatic", "animatic"),
        ("sora-2", "animatic"),
        ("sora-2-pro", "animatic"),
    ]
    assert (settings.host, settings.port, settings.master_key, settings.no_auth) == ("127.0.0.1", 4000, None, False)


def test_the_guides_file_is_read_as_it_is_and_needs_no_key(read_config):
    settings = read_config(SEED)

    assert [model.id for model in settings.models] == ["openai/sora-2", "openai/sora-2-pro"]
    assert all(model.stands_in and model.unavailable is None for model in settings.models)
    assert settings.models[0].retired_on == date(2026, 9, 24)
    assert settings.master_key == "sk-1234"
    assert settings.warnings == ()


def test_before_its_sunset_a_model_is_the_vendors(read_config):
    settings = read_config(SEED, environ={"OPENAI_API_KEY": "sk-x"}, today=date(2026, 9, 23))

    assert settings.models[0].retired_on is None
    assert settings.models[0].api_key == "sk-x"


def test_an_unset_variable_makes_its_deployment_unavailable_with_a_warning(read_config):
    settings = read_config(entry("model: openai/own, api_base: 'http://127.0.0.1:9/v1', api_key: os.environ/MISSING"))

    assert settings.models[0].unavailable == "the environment variable MISSING is not set"
    assert settings.warnings == (
        "line 2: hero (openai/own@http://127.0.0.1:9/v1) is unavailable: the environment variable MISSING is not set",
    )


def test_another_servers_sora_is_what_that_server_says_it_is(read_config):
    model = read_config(entry("model: openai/sora-2, api_base: 'http://127.0.0.1:9/v1/', api_key: sk-x")).models[0]

    assert model.retired_on is None
    assert model.api_base == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    "params",
    [
        "model: openai/sora-2-2025-12-08",
        "model: sora-2",
        "model: sora-2-pro, custom_llm_provider: openai",
        "model: openai/sora-2, api_base: 'https://api.openai.com/v1'",
        "model: azure/sora-2, api_base: 'https://mine.openai.azure.com'",
    ],
)
def test_each_spelling_of_a_retired_model_is_recognised(read_config, params):
    assert read_config(entry(params)).models[0].stands_in


def test_an_azure_deployment_is_recognised_by_its_base_model(read_config):
    rest = "    model_info: {base_model: azure/sora-2}\n"

    assert read_config(entry("model: azure/our-video, api_key: k", rest=rest)).models[0].stands_in


def test_on_retired_error_makes_it_unavailable_for_all_or_for_one(read_config):
    everywhere = read_config(entry("model: openai/sora-2, api_key: k", rest="castlist: {on_retired: error}\n")).models[0]
    here = read_config(entry("model: openai/sora-2, api_key: k", rest="    on_retired: error\n")).models[0]

    assert everywhere.on_retired is here.on_retired is OnRetired.ERROR
    assert everywhere.unavailable == here.unavailable == "openai shut sora-2 down on 2026-09-24, and on_retired is error"


def test_what_litellm_has_and_we_do_not_is_one_warning(read_config):
    text = """\
model_list:
  - model_name: gpt
    litellm_params: {model: openai/gpt-4o, api_key: k}
  - model_name: claude
    litellm_params: {model: anthropic/claude-4, api_key: k}
  - model_name: hero
    litellm_params: {model: animatic/animatic, stream_timeout: 30}
litellm_settings: {drop_params: true}
router_settings: {redis_host: x}
general_settings: {database_url: x}
"""
    (warning,) = read_config(text).warnings
    assert warning == (
        "not used here: model gpt (openai/gpt-4o) (line 2), model claude (anthropic/claude-4) (line 4), "
        "litellm_params.stream_timeout (line 7), "
        "litellm_settings.drop_params (line 8), router_settings.redis_host (line 9), general_settings.database_url (line 10)"
    )


def test_a_server_of_ones_own_whose_models_name_tells_nothing_is_told_how_to_be_used(read_config):
    params = "model: hosted_vllm/wan, api_base: 'http://gpu/v1'"
    drawn = "  - {model_name: drawn, litellm_params: {model: animatic/animatic}}\n"
    said = entry(params, rest="    model_info: {mode: video_generation}\n")

    (warning,) = read_config(entry(params, rest=drawn)).warnings

    assert warning == "not used here: model hero (hosted_vllm/wan, which would be with model_info: {mode: video_generation}) (line 2)"
    assert [model.provider for model in read_config(said).models] == ["hosted_vllm"]


def test_a_provider_we_do_not_have_yet_is_unavailable_and_not_a_mistake(read_config):
    model = read_config(entry("model: dashscope/wan3, api_key: k")).models[0]

    assert model.unavailable == f"this installation has no provider dashscope (it has {', '.join(provider_names())})"


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (entry("model: animatc/animatic"), 3, "unknown provider 'animatc' in model 'animatc/animatic'; did you mean 'animatic'?"),
        (
            entry("model: openai/x, api_kee: k, api_base: 'http://h/v1'"),
            3,
            "unknown setting 'api_kee' in litellm_params; did you mean 'api_key'?",
        ),
        ("castlist: {prot: 4000}\n", 1, "unknown setting 'prot' in castlist; did you mean 'port'?"),
        ("castlist: {limits: {renderers: 2}}\n", 1, "unknown setting 'renderers' in castlist.limits; did you mean 'renders'?"),
        ("\nmodel_lst: []\n", 2, "unknown setting 'model_lst' in the configuration; did you mean 'model_list'?"),
        ("general_settings: {mater_key: k}\n", 1, "unknown setting 'mater_key' in general_settings; did you mean 'master_key'?"),
        (
            "general_settings:\n  master_key: os.environ/NO\n",
            2,
            "master_key is to come from the environment variable NO, which is not set",
        ),
        ("castlist:\n  port: 4000\n  port: 4001\n", 3, "'port' is given twice; the first is on line 2"),
        ("castlist: {port: 0}\n", 1, "port must be a whole number from 1 to 65535, not 0"),
        ("castlist: {port: '4000'}\n", 1, "port must be a whole number from 1 to 65535, not '4000'"),
        ("castlist: {no_auth: 'yes'}\n", 1, "no_auth must be true or false, not text"),
        ("castlist: {on_retired: fail}\n", 1, "on_retired must be animatic or error, not 'fail'"),
        ("model_list: {}\n", 1, "model_list must be a list, not a mapping"),
        ("model_list: [1]\n", 1, "an entry of model_list must be a mapping, not a whole number"),
        ("castlist:\n  projects:\n    - name: a\n", 3, "a project needs a name and at least one key"),
        ("- a\n", 1, "the configuration must be a mapping, not a list"),
        (entry("model: openai/x, api_base: localhost"), 3, "api_base must be an http or https address, not 'localhost'"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_work(mistakes, text, line, sentence):
    assert (line, sentence) in mistakes(text)


def test_all_mistakes_come_at_once_in_the_order_of_their_lines(mistakes):
    found = mistakes(SEED + "castlist:\n  prot: 1\n  host: 7\nextra: 1\n")

    assert [line for line, _ in found] == [13, 14, 15]


def test_an_entry_tells_all_its_mistakes_and_one_that_is_none_tells_one(mistakes):
    found = mistakes("model_list:\n- model_name: a\n  litellm_params: {modle: openai/x, api_kye: k}\n- 7\n")

    assert [line for line, _ in found] == [3, 3, 3, 4]
    assert {"modle", "api_kye"} <= {word for _, sentence in found for word in sentence.split("'")}


@pytest.mark.parametrize(
    ("written", "value"), [("5e-05", 0.00005), ("1E+2", 100.0), ("5.0e-05", 0.00005), ("'5e-05'", "5e-05"), ("5e", "5e")]
)
def test_a_number_is_one_as_json_writes_it_too(written, value):
    top, mistakes = read(f"cost: {written}", source="test")

    assert (top.entries["cost"].value, mistakes) == (value, [])


def test_text_that_is_no_yaml_is_told_with_its_line(mistakes):
    assert mistakes("castlist:\n  port: [\n")[0][0] == 3


def test_a_file_that_cannot_be_read_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "absent.yaml", environ={})


def test_another_packages_provider_is_known_once_it_is_installed(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(entry("model: studio/one"))

    with pytest.raises(ConfigError, match="unknown provider 'studio'"):
        load(path, environ={})
    assert load(path, environ={}, providers={"animatic", "studio"}).models[0].unavailable is None


def test_ids_and_accounts_come_from_what_a_deployment_is(read_config):
    text = """\
model_list:
  - {model_name: a, litellm_params: {model: openai/m, api_base: 'http://h/v1', api_key: os.environ/K1}}
  - {model_name: b, litellm_params: {model: openai/m, api_base: 'http://h/v1', api_key: os.environ/K1}}
  - {model_name: c, litellm_params: {model: openai/m, api_base: 'http://h/v1', api_key: os.environ/K2}, model_info: {id: third}}
  - {model_name: d, litellm_params: {model: animatic/animatic}, account: studio}
"""
    models = read_config(text, environ={"K1": "one", "K2": "two"}).models

    assert [model.id for model in models] == ["openai/m@http://h/v1", "openai/m@http://h/v1#2", "third", "animatic/animatic"]
    assert [model.account for model in models] == ["openai http://h/v1 K1", "openai http://h/v1 K1", "openai http://h/v1 K2", "studio"]


def test_rotating_a_key_changes_neither_id_nor_account(read_config):
    text = entry("model: openai/m, api_base: 'http://h/v1', api_key: os.environ/K")
    before, after = (read_config(text, environ={"K": key}).models[0] for key in ("old", "new"))

    assert (before.id, before.account) == (after.id, after.account)
    assert before.api_key != after.api_key


def test_an_id_given_twice_is_a_mistake(mistakes):
    twice = "".join(
        f"  - {{model_name: {name}, litellm_params: {{model: animatic/animatic}}, model_info: {{id: same}}}}\n" for name in "ab"
    )

    assert "id 'same'" in mistakes("model_list:\n" + twice)[0][1]


def test_two_keys_written_out_under_one_account_are_a_mistake(mistakes):
    text = "model_list:\n" + "".join(
        f"  - {{model_name: {key}, litellm_params: {{model: openai/{key}, api_base: 'http://h/v1', api_key: {key}}}}}\n"
        for key in ("k1", "k2")
    )

    (line, sentence) = mistakes(text)[0]
    assert line == 3
    assert "give each an account" in sentence
    assert "k1" not in sentence.replace("openai", "")


def test_no_key_shows_in_repr(read_config):
    text = entry(
        "model: openai/m, api_base: 'http://h/v1', api_key: sk-visible-1",
        rest="general_settings: {master_key: sk-visible-2}\ncastlist: {projects: [{name: a, keys: [sk-visible-3]}]}\n",
    )
    settings = read_config(text)

    assert "visible" not in repr(settings) + repr(settings.models[0].api_key) + repr(settings.projects[0].keys)
    assert settings.projects[0].keys == ("sk-visible-3",)


def test_a_key_of_two_projects_is_a_mistake(mistakes):
    assert "opens a already" in mistakes("castlist: {projects: [{name: a, keys: [k]}, {name: b, keys: [k]}]}\n")[0][1]


def test_a_projects_key_that_is_the_master_key_is_a_mistake(mistakes):
    assert "as the master key" in mistakes("general_settings: {master_key: k}\ncastlist: {projects: [{name: a, keys: [k]}]}\n")[0][1]


def test_our_own_section_is_taken(read_config, tmp_path):
    settings = read_config(
        "castlist: {data: store, host: 0.0.0.0, port: 4100, prompt_name: strict, limits: {reserve_mib: 1, upload_mib: 7, renders: 3}}\n"
    )

    assert settings.data == tmp_path / "store"
    assert (settings.host, settings.port, settings.prompt_name) == ("0.0.0.0", 4100, PromptName.STRICT)
    assert (settings.limits.reserve_bytes, settings.limits.upload_bytes, settings.limits.renders) == (1 << 20, 7 << 20, 3)


def test_overrides_win_over_the_file_and_the_file_over_the_environment(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("castlist: {data: /from-file, port: 1}\n")

    assert load(path, environ={"CASTLIST_DATA": "/from-environment"}).data == Path("/from-file")
    assert load(path, environ={}, overrides=Overrides(data=Path("/said"), port=2)).port == 2
    assert load(None, environ={"CASTLIST_DATA": "/from-environment"}).data == Path("/from-environment")


def test_aliases_and_merge_keys_work_and_a_loop_is_a_mistake(read_config, mistakes):
    text = """\
environment_variables: {base: &base {model: animatic/animatic, rpm: 5}}
model_list:
  - {model_name: a, litellm_params: {<<: *base, rpm: 7}}
"""
    assert read_config(text).models[0].rpm == 7
    assert any("alias" in sentence for _, sentence in mistakes("castlist: &a\n  limits: *a\n"))


def test_a_client_learns_where_its_gateway_is():
    found = client_settings(environ={"CASTLIST_BASE_URL": "http://h", "CASTLIST_API_KEY": "sk-hidden"})

    assert (found.base_url, found.api_key) == ("http://h", "sk-hidden")
    assert "hidden" not in repr(found)


def outcome(attempt: Callable[[], object]) -> object:
    """What an attempt gave, or the mistakes it told."""
    try:
        return attempt()
    except ConfigError as error:
        return error.mistakes


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)


@given(
    section=st.sampled_from(["model_list", "castlist", "general_settings", "environment_variables", "other"]),
    fields=st.dictionaries(
        st.sampled_from(["model_name", "litellm_params", "port", "limits", "projects", "master_key", "name", "model"]), VALUES, max_size=4
    ),
    listed=st.booleans(),
)
def test_any_document_is_settings_or_a_config_error(tmp_path_factory, section, fields, listed):
    path = tmp_path_factory.mktemp("any") / "c.yaml"
    path.write_text(json.dumps({section: [fields] if listed else fields}))
    assert outcome(lambda: load(path, environ={}).models)


@given(st.text(max_size=60))
def test_any_text_is_a_document_or_a_config_error(text):
    assert outcome(lambda: read(text, source="c.yaml"))
