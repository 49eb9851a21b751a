"""Models that their vendors have shut down, or are about to, over HTTP and through the client."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import castlist
from castlist.errors import Retired
from providers.emulators.gemini import GeminiEmulator, serve_gemini
from server.conftest import KEY, Server, run_server

SOON = (datetime.now(UTC) + timedelta(days=30)).date()
CONFIG = """
model_list:
  - {{model_name: animatic, litellm_params: {{model: animatic/animatic}}}}
  - {{model_name: hero, litellm_params: {{model: gemini/gemini-omni-1.2-flash, api_base: "{base}", api_key: "{key}"}}}}
  - {{model_name: sora-2, litellm_params: {{model: openai/sora-2, api_key: k}}, fallback: hero}}
  - {{model_name: drawn, litellm_params: {{model: azure/sora-2, api_key: k}}}}
  - {{model_name: gone, litellm_params: {{model: openai/sora-2-pro, api_key: k}}, on_retired: error}}
  - {{model_name: soon, litellm_params: {{model: xai/grok-imagine-video, api_key: k}}}}
general_settings: {{master_key: sk-test-master}}
castlist:
  catalogue:
    xai/grok-imagine-video: {{sunset: {soon}, micros_per_second: 90_000}}
    lab/own-1: {{micros_per_second: 300_000, characters: 3}}
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[GeminiEmulator]:
    with serve_gemini(key="AIza-live", lasts=0) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def ageing(upstream: GeminiEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    text = CONFIG.format(base=upstream.base_url, key=upstream.key, soon=SOON)
    yield from run_server(tmp_path_factory.mktemp("ageing"), text)


def create(server: Server, model: str, **fields: object) -> dict[str, object]:
    reply = server.post("/v1/videos", {"prompt": "A fox walks.", "model": model, "seconds": "4", "size": "1280x720", **fields})
    assert reply.status == 200, reply.body
    return reply.json


def test_a_model_that_is_gone_is_made_by_its_fallback_and_says_so(ageing: Server, upstream: GeminiEmulator) -> None:
    before = upstream.counts["accepted"]

    video = ageing.finish(str(create(ageing, "sora-2")["id"]))

    assert (video["status"], video["model"]) == ("completed", "sora-2")
    ours = video["castlist"]
    assert isinstance(ours, dict)
    assert (ours["provider"], ours["provider_model"]) == ("gemini", "gemini-omni-1.2-flash")
    (note,) = [each for each in ours["warnings"] if each["code"] == "model_retired"]
    assert note["message"] == "openai/sora-2 was shut down on 2026-09-24; sora-2 is served by gemini/gemini-omni-1.2-flash."
    assert upstream.counts["accepted"] == before + 1


def test_without_a_fallback_the_embedded_renderer_makes_it_and_says_so(ageing: Server) -> None:
    ours = create(ageing, "drawn")["castlist"]

    assert isinstance(ours, dict)
    assert ours["provider"] == "animatic"
    assert "azure/sora-2 was shut down on 2026-09-24; drawn is served by the embedded renderer, animatic." in [
        note["message"] for note in ours["warnings"]
    ]


def test_where_nothing_may_stand_in_the_answer_is_410_with_what_lives(ageing: Server) -> None:
    reply = ageing.post("/v1/videos", {"prompt": "A fox", "model": "gone", "seconds": "4", "size": "1280x720"})

    assert reply.status == 410
    assert (reply.error["code"], reply.error["param"]) == ("provider_retired", "model")
    message = str(reply.error["message"])
    assert "openai/sora-2-pro was shut down on 2026-09-24" in message
    assert "the nearest that live: runwayml/seedance2_5, lab/own-1, " in message
    assert "Models here that can: animatic, drawn, hero, soon, sora-2." in message
    with castlist.Client(ageing.base, api_key=KEY) as client, pytest.raises(Retired, match="shut down on 2026-09-24"):
        client.videos.create("A fox", model="gone", seconds=4, size="1280x720")


def test_a_model_about_to_go_says_it_in_its_videos_at_the_start_and_in_the_list(ageing: Server) -> None:
    text = f"xai/grok-imagine-video will be shut down on {SOON}: choose another model, or a fallback, before that day."
    with castlist.Client(ageing.base, api_key=KEY) as client:
        soon = client.models.get("soon").deployments[0]

    assert soon.sunset == str(SOON)
    assert [note.message for note in soon.notes] == [text]
    assert soon.price is not None
    assert soon.price.new == {"any": 90_000}
    assert text in ageing.gateway.notices
    assert any(notice.startswith("videos may cost up to 20.00 USD a day together") for notice in ageing.gateway.notices)


def test_the_list_says_what_each_deployment_costs_and_where_that_was_read(ageing: Server) -> None:
    hero = ageing.ask("GET", "/v1/models/hero").json["castlist"]
    drawn = ageing.ask("GET", "/v1/models/drawn").json["castlist"]
    assert isinstance(hero, dict)
    assert isinstance(drawn, dict)

    (one,), (other,) = hero["deployments"], drawn["deployments"]

    assert one["price"]["micros_per_second"] == {"720p": 100_000}
    assert (one["sunset"], one["checked"]) == (None, "2026-11-21")
    assert "ai.google.dev" in one["source"]
    assert other["price"]["micros_per_second"] == {"any": 0}
    assert other["sunset"] == "2026-09-24"


@pytest.fixture
def turning(upstream: GeminiEmulator, tmp_path: Path) -> Iterator[Server]:
    """A gateway whose models go on the day SOON, in three ways."""
    entry = "litellm_params: {model: xai/grok-imagine-video, api_key: k}"
    text = f"""
model_list:
  - {{model_name: hero, litellm_params: {{model: gemini/gemini-omni-1.2-flash, api_base: "{upstream.base_url}", api_key: k}}}}
  - {{model_name: replaced, {entry}, account: a, fallback: hero}}
  - {{model_name: drawn, {entry}, account: b}}
  - {{model_name: ended, {entry}, account: c, on_retired: error}}
general_settings: {{master_key: sk-test-master}}
castlist:
  catalogue: {{xai/grok-imagine-video: {{sunset: {SOON}, micros_per_second: 90_000}}}}
"""
    yield from run_server(tmp_path, text)


def serves(server: Server, model: str) -> tuple[int, str]:
    """The status of a plan for a video, and who would make it or why nobody."""
    reply = server.post("/v1/videos/plan", {"prompt": "A fox walks.", "model": model, "seconds": "4", "size": "1280x720"})
    if reply.status != 200:
        return reply.status, str(reply.error["code"])
    deployments = reply.json["deployments"]
    assert isinstance(deployments, list)
    return reply.status, str(deployments[0]["provider"])


def test_a_gateway_that_runs_past_a_sunset_goes_over_to_what_stands_in(turning: Server) -> None:
    names = ("replaced", "drawn", "ended")
    before = {name: serves(turning, name) for name in names}

    turning.loop.call_soon_threadsafe(turning.gateway.turn, SOON + timedelta(days=1))
    listed = turning.ask("GET", "/v1/models").json["data"]

    assert before == dict.fromkeys(names, (200, "xai"))
    assert {name: serves(turning, name) for name in names} == {
        "replaced": (200, "gemini"),
        "drawn": (200, "animatic"),
        "ended": (410, "provider_retired"),
    }
    assert isinstance(listed, list)
    assert {"hero", *names} <= {model["id"] for model in listed}


def test_nothing_changes_on_a_day_on_which_nothing_ends(turning: Server) -> None:
    before = list(turning.gateway.engine.kit.deployments)

    turning.loop.call_soon_threadsafe(turning.gateway.turn, SOON - timedelta(days=1))

    assert serves(turning, "drawn") == (200, "xai")
    assert [d.id for d in turning.gateway.engine.kit.deployments] == [d.id for d in before]
