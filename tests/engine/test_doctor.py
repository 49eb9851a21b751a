"""`castlist doctor`: what is wrong is found, named, and ends the command with 1; nothing else does."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from aiohttp import web
from typer.testing import CliRunner

from castlist.assembly import open_gateway, open_storage
from castlist.cli.doctor import app
from castlist.cli.doctor import look as look_around
from castlist.config import load
from castlist.engine.doctor import Health, examine_address, examine_clock, examine_codecs, examine_disk
from castlist.fetch import Fetcher
from castlist.media import codecs
from castlist.testing.emulator import Emulator, serve
from providers.emulators.doors import KEY, Doors
from providers.emulators.kling import serve_kling
from providers.kling_runs import PAIR

ENTRIES = {
    "openai": ("openai/hero-1", "openai"),
    "azure": ("azure/hero-1", "azure"),
    "gemini": ("gemini/gemini-omni-1.2-flash", "gemini"),
    "runway": ("runwayml/seedance2_5", "runway"),
    "xai": ("xai/grok-imagine-video", "xai"),
    "fal": ("fal_ai/kling/v4", "fal"),
    "kling": ("kling/kling-3.0-omni", "kling"),
}


@pytest.fixture(scope="module")
def doors():
    with serve(Doors()) as upstream:
        yield upstream


@pytest.fixture
def look(tmp_path) -> Callable:
    """Runs the command on a configuration; its exit code, and the checks by subject."""

    def run(*entries: str, key: str = KEY):
        path = tmp_path / "config.yaml"
        path.write_text("model_list:\n" + "".join(entries))
        done = CliRunner().invoke(app, ["--json", "--config", str(path), "--data", str(tmp_path / "data")])
        assert key not in done.output
        found = json.loads(done.stdout)
        assert found["ok"] == (done.exit_code == 0)
        return done.exit_code, {check["subject"].split(" (")[0]: check for check in found["checks"]}

    return run


def entry(name: str, model: str, base: str, *, key: str = KEY) -> str:
    params = f"{{model: {model}, api_base: '{base}', api_key: {key}}}"
    return f"- {{model_name: {name}, litellm_params: {params}, model_info: {{mode: video_generation}}}}\n"


def door(upstream: Doors, name: str, **changes: str) -> str:
    model, path = ENTRIES[name]
    return entry(name, model, f"{upstream.base_url}/{path}", **changes)


def test_every_provider_is_asked_once_for_nothing_that_costs_and_a_good_key_is_told(doors, look):
    before = len(doors.requests)

    code, checks = look(*(door(doors, name) for name in ENTRIES), entry("twin", "openai/hero-1", f"{doors.base_url}/openai"))

    assert {name: checks[f"deployment {name}"]["health"] for name in ENTRIES} == dict.fromkeys(ENTRIES, "ok")
    assert (code, checks["clock"]["health"], checks["codecs"]["health"], checks["disk"]["health"]) == (0, "ok", "ok", "ok")
    assert len(doors.requests) - before == len(ENTRIES), "one request for each account"


def test_a_key_that_is_not_taken_is_broken_and_never_shown(doors, look):
    code, checks = look(*(door(doors, name, key="sk-planted-wrong") for name in ENTRIES), key="sk-planted-wrong")

    assert code == 1
    for name in ENTRIES:
        found = checks[f"deployment {name}"]
        assert (found["health"], "does not accept the key" in found["message"]) == ("broken", True)
        assert f"the api_key of {name}" in found["help"]


def test_kling_is_asked_in_the_api_that_the_key_is_for(look):
    with serve_kling() as newer, serve_kling(pair=PAIR) as older:
        code, checks = look(
            entry("new", "kling/kling-3.0-omni", newer.base_url, key=newer.key),
            entry("old", "kling/kling-3.0-omni", older.base_url, key=f"'{PAIR}'"),
            key=PAIR,
        )

    assert (code, checks["deployment new"]["health"], checks["deployment old"]["health"]) == (0, "ok", "ok")
    assert [each.path.partition("?")[0] for each in older.requests] == ["/v1/videos/omni-video/castlist-doctor"]


def test_a_page_of_a_proxy_is_not_taken_for_the_vendor(look):
    with serve(Doors(page=True)) as upstream:
        code, checks = look(door(upstream, "openai"), door(upstream, "fal"), door(upstream, "gemini"))

    assert code == 1
    for name in ("openai", "fal", "gemini"):
        assert (checks[f"deployment {name}"]["health"], "not the API of" in checks[f"deployment {name}"]["message"]) == ("broken", True)


def test_a_host_that_cannot_be_reached_is_broken(doors, look):
    code, checks = look(entry("far", "openai/hero-1", "http://127.0.0.1:9/v1"))

    assert (code, checks["deployment far"]["health"]) == (1, "broken")
    assert "could not be reached" in checks["deployment far"]["message"]
    assert checks["clock"]["health"] == "skipped"


def test_a_server_without_a_list_of_models_or_with_another_one_is_told_as_unsure(doors, look):
    code, checks = look(
        entry("bare", "openai/hero-1", f"{doors.base_url}/bare"),
        entry("hero", "openai/hero-2", f"{doors.base_url}/openai"),
    )

    assert (code, checks["deployment bare"]["health"], checks["deployment hero"]["health"]) == (0, "warning", "warning")
    assert "does not list the model 'hero-2' (it lists hero-1)" in checks["deployment hero"]["message"]


def test_a_model_that_no_adapter_knows_and_a_key_that_is_not_set_are_broken(doors, look):
    code, checks = look(
        entry("odd", "kling/kling-9", f"{doors.base_url}/kling"),
        entry("keyless", "xai/grok-imagine-video", f"{doors.base_url}/xai", key="os.environ/NO_SUCH_KEY_HERE"),
    )

    assert code == 1
    assert "does not know the model 'kling-9'" in checks["deployment odd"]["message"]
    assert "NO_SUCH_KEY_HERE is not set" in checks["deployment keyless"]["message"]


@pytest.mark.parametrize(("ahead", "health", "code"), [(-30, "warning", 0), (3600, "broken", 1)])
def test_a_clock_that_is_off_is_noticed(look, ahead, health, code):
    with serve(Doors(ahead=ahead)) as upstream:
        found, checks = look(door(upstream, "openai"), door(upstream, "xai"))

    assert (found, checks["clock"]["health"]) == (code, health)
    assert "NTP" in checks["clock"]["help"]


def test_one_vendor_whose_clock_is_off_is_not_our_clock():
    assert examine_clock([0.2, -0.4, 3600.0]).health is Health.OK


def test_an_embedded_gateway_has_nothing_to_mend(tmp_path):
    done = CliRunner().invoke(app, ["--data", str(tmp_path)])

    assert done.exit_code == 0
    assert "the embedded renderer needs no account" in done.stdout
    assert "broken" not in done.stdout


def test_a_directory_that_cannot_be_used_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")

    done = CliRunner().invoke(app, ["--data", str(tmp_path / "file" / "data")])

    assert done.exit_code == 1
    assert "Error: " in done.stderr


@pytest.mark.parametrize(
    ("base", "needed", "health", "said"),
    [
        ("http://127.0.0.1:8080", [], Health.BROKEN, "private address"),
        ("http://no-such-host.invalid", [], Health.BROKEN, "could not be reached"),
        (None, [], Health.SKIPPED, "no model here needs one"),
        (None, ["kling-3.0-omni"], Health.WARNING, "kling-3.0-omni cannot start from"),
    ],
)
def test_a_public_address_that_no_provider_could_read_from(base, needed, health, said):
    found = asyncio.run(examine_address(base, Fetcher().fetch, needed=needed))

    assert (found.health, said in found.message) == (health, True)


@pytest.mark.parametrize(("status", "health"), [("alive", Health.OK), ("something else", Health.BROKEN)])
def test_a_public_address_leads_to_a_gateway_or_elsewhere(status, health):
    with serve(Behind(status)) as upstream:
        fetch = Fetcher(lambda address, port: True).fetch
        found = asyncio.run(examine_address(f"{upstream.base_url}/castlist/", fetch, needed=[]))

    assert found.health is health


class Behind(Emulator):
    """What a proxy passes on to, under a path."""

    def __init__(self, status: str) -> None:
        super().__init__()
        self.status = status

    def routes(self):
        yield web.get("/castlist/health/liveliness", self.tell)

    async def tell(self, request: web.Request) -> web.Response:
        return web.json_response({"status": self.status})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"missing": ["libx264 (writing)"], "works": True, "version": "1"}, "lacks libx264"),
        ({"missing": [], "works": False, "version": "1"}, "no film"),
    ],
)
def test_codecs_that_are_missing_are_named(stage, given, said):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            return await examine_codecs(replace(s.engine.kit, media=answer(given)))

    found = asyncio.run(scene())

    assert (found.health, said in found.message) == (Health.BROKEN, True)


def answer(result):
    async def run(task, spec, *, limits, report=None):
        return result

    return run


def test_a_codec_that_does_not_exist_is_missed():
    assert not codecs.has("no-such-codec", mode="r")
    assert codecs.has("h264", mode="r")


@pytest.mark.parametrize(("low", "health"), [(1 << 60, Health.BROKEN), (0, Health.OK)])
def test_room_on_the_disk_is_held_against_what_is_kept_free(stage, low, health):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            return examine_disk(replace(s.engine.kit, policy=replace(s.engine.kit.policy, low_water=low)))

    assert asyncio.run(scene()).health is health


def test_an_address_with_nothing_behind_it_is_said_to_be_that(doors, look):
    code, checks = look(*(entry(name, ENTRIES[name][0], f"{doors.base_url}/nowhere") for name in ("gemini", "runway", "xai")))

    assert code == 1
    for name in ("gemini", "runway", "xai"):
        found = checks[f"deployment {name}"]
        assert (found["health"], "has nothing where" in found["message"], "api_base" in found["help"]) == ("broken", True, True)


def test_looking_at_another_configuration_changes_nobody_who_is_told(tmp_path):
    def read(name: str):
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"castlist: {{webhooks: [{{url: 'https://{name}.example.com/hook'}}]}}")
        return load(path, environ={"CASTLIST_DATA": str(tmp_path / "data")})

    async def scene():
        gateway = await open_gateway(read("live"), serving=True, worker=False)
        await gateway.stop()
        await look_around(read("tried"))
        storage = await open_storage(read("tried"))
        try:
            return [endpoint.url for endpoint in await storage.outbox.endpoints("default")]
        finally:
            await storage.close()

    assert asyncio.run(scene()) == ["https://live.example.com/hook"]
