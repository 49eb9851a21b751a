"""What the shell is told is what is: small amounts with all their digits, models with all that serves them."""

import asyncio

import pytest

from castlist.assembly import open_gateway
from castlist.cli.attempts import show_attempts
from castlist.cli.characters import show_character
from castlist.cli.serve import describe
from castlist.config import load
from castlist.model.pricing import show_amount, show_usd
from castlist.sdk.records import Attempt, Binding, CharacterRecord, Cost, VideoRecord

ENTRY = "  - {{model_name: {}, litellm_params: {{model: {}}}}}\n"


@pytest.mark.parametrize(("micros", "shown"), [(0, "0.00"), (4_000, "0.004"), (1_250_000, "1.25"), (1_200_000, "1.20"), (1, "0.000001")])
def test_an_amount_keeps_what_is_less_than_a_cent(micros, shown):
    assert (show_amount(micros), show_usd(micros)) == (shown, f"{shown} USD")


def test_an_attempt_shows_what_it_cost(capsys):
    attempt = Attempt(1, "d1", "fake", "instant", "succeeded", "the only one", cost=Cost(4_000, "USD", "billed"))

    show_attempts(VideoRecord("video_1", "hero", "completed", 100, 0, attempts=(attempt,)))

    assert "0.004 USD (billed)" in capsys.readouterr().out


def test_a_character_shows_the_handles_that_accounts_have_on_it(capsys):
    bindings = (Binding("kling", "kling", "making"), Binding("gemini", "omni", "expired", 1_795_000_000))

    show_character(CharacterRecord("char_1", "Luna", 0, bindings=bindings), as_json=False)

    shown = capsys.readouterr().out
    assert "making at kling\n" in shown
    assert "expired at omni, until 2026-11-1" in shown


def test_an_attempt_shows_when_it_was_to_the_second(capsys):
    attempt = Attempt(1, "d1", "fake", "instant", "succeeded", "the only one", started_at=1_795_371_003, ended_at=1_795_371_007)

    show_attempts(VideoRecord("video_1", "hero", "completed", 100, 0, attempts=(attempt,)))

    told = [line.split()[-1] for line in capsys.readouterr().out.splitlines() if line.lstrip().startswith(("began", "ended"))]
    assert [each[-3:] for each in told] == [":03", ":07"]


def test_a_start_names_all_that_serves_a_model(tmp_path):
    path = tmp_path / "config.yaml"
    entries = [("hero", "fake/instant"), ("hero", "animatic/animatic"), ("hero", "fake/instant"), ("spare", "animatic/animatic")]
    path.write_text("model_list:\n" + "".join(ENTRY.format(*each) for each in entries))

    async def scene():
        gateway = await open_gateway(load(path, environ={"CASTLIST_DATA": str(tmp_path / "data")}), serving=False, worker=False)
        try:
            return describe(gateway)["models"]
        finally:
            await gateway.stop()

    assert asyncio.run(scene()) == {"hero": "fake/instant, animatic/animatic", "spare": "animatic/animatic"}
