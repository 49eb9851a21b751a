"""Keys in the environment and no configuration: a vendor's models under their own names, and money held to its limit, from outside."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

import castlist
from acceptance.conftest import Desk, Served, lay_out_desk, start_server, stop_server
from castlist.errors import InvalidRequest, SpendLimit
from castlist.testing.emulator import serve
from providers.emulators.gemini import GeminiEmulator, serve_gemini
from providers.emulators.runwayml import KEY as RUNWAY_KEY
from providers.emulators.runwayml import Runway

GEMINI = "gemini-omni-1.2-flash"
BIG = {"seconds": 10, "size": "3840x2160", "model": GEMINI}
"""9 USD by the catalogue: 0.10 a second at 720p, nine times the pixels."""


@pytest.fixture(scope="module")
def gemini() -> Iterator[GeminiEmulator]:
    with serve_gemini(key="AIza-live", lasts=0) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def runway() -> Iterator[Runway]:
    with serve(Runway()) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def keys(gemini: GeminiEmulator, runway: Runway) -> dict[str, str]:
    """What a person has exported, and where the emulated vendors are."""
    return {
        "GEMINI_API_KEY": gemini.key,
        "GEMINI_API_BASE": gemini.base_url,
        "RUNWAYML_API_SECRET": RUNWAY_KEY,
        "RUNWAYML_BASE_URL": runway.base_url,
        "OPENAI_API_KEY": "sk-planted-openai",
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]) -> Iterator[tuple[Served, Desk]]:
    yield from begin(tmp_path_factory.mktemp("home"), keys)


@pytest.fixture
def fresh(tmp_path: Path, keys: dict[str, str]) -> Iterator[tuple[Served, Desk]]:
    """A home where nothing is spent yet."""
    yield from begin(tmp_path, keys)


def begin(folder: Path, keys: dict[str, str]) -> Iterator[tuple[Served, Desk]]:
    desk = lay_out_desk(folder / "desk", folder / "data")
    served = start_server(desk.data, **keys)
    yield served, desk
    stop_server(served)


def connect(served: Served) -> castlist.Client:
    return castlist.Client(served.url, api_key=(served.data / "master.key").read_text().strip())


def spent(client: castlist.Client) -> float:
    """What a refusal of 20.40 USD says is spent."""
    with pytest.raises(SpendLimit) as caught:
        client.videos.plan("A fox walks.", model="seedance2_5", seconds=30, size="1920x1080")
    found = re.search(r"spent a day (\d+\.\d+) USD are spent", caught.value.message)
    assert found is not None
    return float(found[1])


def ask(served: Served, body: dict[str, object]) -> httpx2.Response:
    key = (served.data / "master.key").read_text().strip()
    return httpx2.post(f"{served.url}/v1/videos", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def test_a_key_offers_its_vendors_models_and_takes_over_no_name(home, gemini):
    served, desk = home
    before = gemini.counts["accepted"]

    with connect(served) as client:
        models = {model.id: model for model in client.models.list()}
        video = client.videos.create("A fox walks.", model=GEMINI, seconds=4, size="1280x720").wait(timeout=60)

    assert {GEMINI, "gen4.5", "sora-2", "animatic"} <= set(models)
    assert models["sora-2"].default
    assert models["sora-2"].deployments[0].provider == "animatic"
    assert not any(one.provider == "openai" for model in models.values() for one in model.deployments)
    assert models[GEMINI].deployments[0].price.new == {"720p": 100_000}
    assert (video.status, video.provider, video.cost.amount_micros) == ("completed", "gemini", 400_000)
    assert gemini.counts["accepted"] == before + 1
    assert httpx2.get(f"{served.url}/v1/models").status_code == 401
    listed = desk.castlist("models", CASTLIST_BASE_URL=served.url)
    assert GEMINI in listed.stdout
    assert "0.10 (720p) USD" in listed.stdout


def test_the_limit_of_a_day_holds_among_requests_at_once_and_says_so_everywhere(fresh, gemini):
    served, desk = fresh
    before = gemini.counts["accepted"]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: ask(served, {"prompt": f"Fox {n}", **BIG}), range(6)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 402, 402, 402, 402]
    error = next(answer for answer in answers if answer.status_code == 402).json()["error"]
    assert (error["code"], error["type"]) == ("max_spend_per_day_reached", "insufficient_quota")
    for words in ("9.00 USD", "20.00 USD", "18.00 USD", "00:00 UTC"):
        assert words in error["message"]
    with connect(served) as client:
        with pytest.raises(SpendLimit):
            client.videos.create("A fox walks.", **BIG)
        with pytest.raises(SpendLimit):
            client.videos.plan("A fox walks.", **BIG)
        free = client.videos.create("A fox walks.", model="animatic", seconds=1, size="320x180")
        cheap = client.videos.create("A fox walks.", model=GEMINI, seconds=10, size="1280x720")
        assert free.status != "failed"
        assert cheap.wait(timeout=60).status == "completed"
    told = desk.castlist(
        "videos", "create", "A fox", "--model", GEMINI, "--seconds", "10", "--size", "3840x2160", CASTLIST_BASE_URL=served.url
    )
    assert told.returncode == 1
    assert "20.00 USD that may be spent a day" in told.stderr
    assert gemini.counts["accepted"] <= before + 3


def test_what_was_really_charged_settles_what_was_reserved(home):
    served, _ = home

    with connect(served) as client:
        before = spent(client)
        video = client.videos.create("A fox walks.", model="gen4.5", seconds=10, size="1280x720")
        assert video.cost.amount_micros == 1_200_000
        done = video.wait(timeout=60)

        assert (done.cost.amount_micros, done.cost.state) == (480_000, "billed")
        assert spent(client) == pytest.approx(before + 0.48)


def test_max_cost_holds_one_request_over_http_sdk_and_cli(home, gemini):
    served, desk = home
    before = gemini.counts["accepted"]

    refused = ask(served, {"prompt": "A fox", "model": GEMINI, "seconds": 8, "size": "1280x720", "castlist": {"max_cost": 0.79}})
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["code"], error["param"]) == ("max_cost_exceeded", "castlist.max_cost")
    assert "0.80 USD" in error["message"]
    assert "0.79 USD" in error["message"]
    assert "animatic" in error["message"]
    with connect(served) as client:
        with pytest.raises(InvalidRequest, match=r"0\.80 USD"):
            client.videos.create("A fox", model=GEMINI, seconds=8, size="1280x720", max_cost=0.5)
        assert client.videos.create("A fox", model=GEMINI, seconds=8, size="1280x720", max_cost=0.8).wait(timeout=60).status == "completed"
    told = desk.castlist(
        "videos", "create", "A fox", "--model", GEMINI, "--seconds", "8", "--max-cost", "0.5", CASTLIST_BASE_URL=served.url
    )
    assert (told.returncode, gemini.counts["accepted"]) == (1, before + 1)
    assert "max_cost of 0.50 USD" in told.stderr
