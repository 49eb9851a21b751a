"""Tests: what is set for an account is read by its adapter, or refused with the line where it stands."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from castlist.assembly import check_settings
from castlist.cli.app import app
from castlist.config import Settings, load
from castlist.errors import ConfigError
from castlist.providers import judge_settings


def read(folder: Path, *settings: str, account: str = "") -> Settings:
    entries = [
        f"  - model_name: m{number}\n    litellm_params: {{model: openai/m{number}, api_base: 'http://127.0.0.1:9/v1', api_key: sk-1}}\n"
        f"    settings: {{{each}}}\n" + (f"    account: {account}{number}\n" if account else "")
        for number, each in enumerate(settings)
    ]
    path = folder / "config.yaml"
    path.write_text("model_list:\n" + "".join(entries))
    return load(path, environ={})


def test_two_entries_of_an_account_with_other_settings_are_refused(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "characters: references", "characters: none")

    (line, text), *_ = caught.value.mistakes
    assert line == 5
    assert "has other settings on line 2; give both the same, or each its own account:" in text


def test_each_account_has_settings_of_its_own(tmp_path):
    same = read(tmp_path, "characters: none", "characters: none")
    apart = read(tmp_path, "characters: references", "characters: none", account="gpu")

    check_settings(same)
    check_settings(apart)
    assert [entry.settings for entry in apart.models] == [{"characters": "references"}, {"characters": "none"}]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("charcters: none", "unknown setting 'charcters' of the provider openai; did you mean 'characters'?"),
        ("characters: nativ", "characters must be native or references or none, not 'nativ'"),
        ("characters: 7", "characters must be native or references or none, not '7'"),
        ("x: 7", "unknown setting 'x' of the provider openai; it has characters"),
    ],
)
def test_a_setting_that_no_adapter_reads_is_a_mistake_of_its_line(tmp_path, written, text):
    settings = read(tmp_path, written)

    with pytest.raises(ConfigError) as caught:
        check_settings(settings)

    assert list(caught.value.mistakes) == [(2, text)]
    assert "config.yaml" in str(caught.value)


def test_an_adapter_that_does_not_say_takes_any_setting():
    assert judge_settings("fake", {"anything": 1}) == ()
    assert judge_settings("xai", {"region": "eu"}) == ["unknown setting 'region' of the provider xai; it has none"]
    assert judge_settings("gemini", {"api_version": "v1beta", "webhook_secret": "whsec_x"}) == []


def test_config_check_judges_settings_too(tmp_path):
    read(tmp_path, "characters: nativ")

    done = CliRunner().invoke(app, ["config", "check", str(tmp_path / "config.yaml")])

    assert done.exit_code == 1
    assert "config.yaml:2" in done.output
    assert "not 'nativ'" in done.output
