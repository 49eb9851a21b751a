"""`castlist models --catalogue`: what is known of every model, corrected by a configuration."""

import json

import pytest
from typer.testing import CliRunner

from castlist.catalogue import list_entries, list_vendors
from castlist.cli.models import app


@pytest.fixture
def say():
    def invoke(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["--catalogue", *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    return invoke


def test_every_model_is_listed_with_its_length_price_end_and_the_day_it_was_checked(say):
    lines = {line.split()[0]: line for line in say().splitlines()}

    assert {f"{entry.provider}/{entry.model}" for name in list_vendors() for entry in list_entries(name)} <= set(lines)
    for words in ("3 to 10", "0.10 (720p)", "2026-11-21"):
        assert words in lines["gemini/gemini-omni-1.2-flash"]
    assert "2026-09-24" in lines["openai/sora-2"]


def test_a_configuration_corrects_it_in_json_too(say, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "castlist: {catalogue: {gemini/gemini-omni-1.2-flash: {micros_per_second: 5, sunset: 2027-01-31, sizes: [1280x720]}, "
        "kling/kling-9: {seconds: [5, 10]}}}\n"
    )

    models = {model["id"]: model for model in json.loads(say("--json", "--config", str(path)))["data"]}

    mine = models["gemini/gemini-omni-1.2-flash"]
    assert (mine["micros_per_second"], mine["sunset"], mine["source"]) == ({"any": 5}, "2027-01-31", "the configuration")
    assert (mine["limits"]["sizes"], mine["limits"]["max_seconds"]) == (["1280x720"], 10)
    assert models["kling/kling-9"]["limits"]["seconds"] == [5, 10]


def test_a_configuration_that_is_wrong_is_told_in_one_line(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("castlist: {catalogue: {gemini/x: {sunst: 1}}}\n")

    done = CliRunner().invoke(app, ["--catalogue", "--config", str(path)])

    assert done.exit_code == 1
    assert "did you mean 'sunset'?" in done.output
