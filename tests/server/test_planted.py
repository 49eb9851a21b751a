"""Keys of every vendor, planted in the configuration or in the environment, and looked for wherever a gateway leaves anything."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
import structlog
from aiohttp import web

from castlist.engine.doctor import examine
from castlist.fetch import Fetcher
from castlist.logs import log_to_stderr
from castlist.testing.emulator import Emulator, serve
from castlist.testing.upstream import Answer, Upstream
from castlist.testing.upstream_answers import error_reply
from providers.emulators.fal_ai import KEY as FAL_KEY
from providers.emulators.fal_ai import FalEmulator
from providers.emulators.gemini import GeminiEmulator
from providers.emulators.kling import KlingEmulator
from providers.emulators.runwayml import KEY as RUNWAY_KEY
from providers.emulators.runwayml import Runway
from providers.emulators.xai import XaiEmulator
from server.conftest import KEY, Server, run_server

pytestmark = pytest.mark.slow

PASSED_OVER = {"hang", "slow", "stick", "silent", "throttle"}
"""What only takes time."""

SUCCESS, FAILURE = 120.0, 12.0
"""Seconds that all of them may take together. Those that are to succeed end by themselves; among the others are some that never do."""


@dataclass(frozen=True)
class Vendor:
    """A provider's model, its emulated upstream and the key that it takes."""

    model: str
    make: Callable[[], Emulator]
    key: str
    path: str = ""

    @property
    def name(self) -> str:
        return self.model.partition("/")[0]


class AzureUpstream(Upstream):
    """Takes the key in a header of its own."""

    @web.middleware
    async def _check_key(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        if request.headers.get("api-key") != self.key and not request.path.startswith("/_"):
            return error_reply(401, "invalid_api_key", "Incorrect API key provided.")
        return await handler(request)


VENDORS = [
    *(
        Vendor(f"{name}/hero-1", partial(Upstream, key=f"sk-planted-{name}"), f"sk-planted-{name}")
        for name in ("openai", "hosted_vllm", "sglang")
    ),
    Vendor("azure/hero-1", lambda: AzureUpstream(key="sk-planted-azure"), "sk-planted-azure"),
    Vendor("gemini/gemini-omni-1.2-flash", lambda: GeminiEmulator(key="AIza-planted"), "AIza-planted"),
    Vendor("runwayml/seedance2", Runway, RUNWAY_KEY),
    Vendor("kling/kling-3.0-omni", lambda: KlingEmulator(key="kling-planted"), "kling-planted"),
    Vendor("fal_ai/kling/v4", FalEmulator, FAL_KEY),
    Vendor("xai/grok-imagine-video", lambda: XaiEmulator(key="xai-planted"), "xai-planted", "/v1"),
]


@pytest.fixture(params=["configuration", "environment"])
def planted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, dict[str, Emulator]]]:
    """A gateway with all of them, and their upstreams by name."""
    with ExitStack() as stack:
        upstreams = {vendor.name: stack.enter_context(serve(vendor.make())) for vendor in VENDORS}
        by_file = request.param == "configuration"
        entries = [
            {
                "model_name": vendor.name,
                "litellm_params": {
                    "model": vendor.model,
                    "api_base": upstreams[vendor.name].base_url + vendor.path,
                    "api_key": vendor.key if by_file else f"os.environ/PLANTED_{vendor.name.upper()}",
                },
                "model_info": {"mode": "video_generation"},
            }
            for vendor in VENDORS
        ]
        config = {
            "model_list": entries,
            "general_settings": {"master_key": KEY},
            "castlist": {"max_spend_per_day": "unlimited", "network": {"no_proxy": ["localhost"]}},
        }
        environ = {} if by_file else {f"PLANTED_{vendor.name.upper()}": vendor.key for vendor in VENDORS}
        for server in run_server(tmp_path, json.dumps(config), environ=environ):
            yield server, upstreams


@pytest.fixture
def every_level() -> Iterator[StringIO]:
    """All that Castlist and any library say, on whichever level."""
    said = StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(said)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    level = root.level
    with redirect_stderr(said):
        log_to_stderr(logging.DEBUG)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield said
    root.removeHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_key_is_found_nowhere(every_level: StringIO, planted: tuple[Server, dict[str, Emulator]]) -> None:
    server, upstreams = planted
    told = run_into_everything(server, upstreams)
    told["doctor"] = ask_doctor(server)
    told["repr"] = repr(server.gateway) + repr(server.gateway.engine.kit) + "".join(map(repr, server.gateway.engine.kit.providers.values()))
    told["log"] = every_level.getvalue()
    told["files"] = "".join(path.read_bytes().decode("latin-1") for path in server.data.rglob("*") if path.is_file())

    made = {vendor.name for vendor in VENDORS if f'"model":"{vendor.name}","status":"completed"' in told["videos"]}
    assert made == {vendor.name for vendor in VENDORS}
    assert {(vendor.name, where) for vendor in VENDORS for where, text in told.items() if vendor.key in text} == set()
    assert min(len(text) for text in told.values()) > 100
    assert "DEBUG " in told["log"]
    assert "event='job.ended'" in told["log"]


def run_into_everything(server: Server, upstreams: dict[str, Emulator]) -> dict[str, str]:
    """A success and each kind of failure with every vendor, and all that the gateway has answered about them."""
    videos = [str(server.post("/v1/videos", {"prompt": "A fox", "model": vendor.name}).json["id"]) for vendor in VENDORS]
    settle(server, videos, within=SUCCESS)
    for vendor in VENDORS:
        upstream = upstreams[vendor.name]
        answers = []
        for place in upstream.faults.keys() & {"create", "job", "poll", "content"}:
            faults = sorted(set(upstream.faults[place]) - PASSED_OVER)
            upstream.break_next(place, *faults)
            # One video meets all that can go wrong while it is followed and fetched, one after the other.
            count = len(faults) if place in {"create", "job"} else 1
            answers += [server.post("/v1/videos", {"prompt": "A fox", "model": vendor.name}) for _ in range(count)]
        assert {reply.status for reply in answers} == {200}, answers[0].body
        videos += [str(reply.json["id"]) for reply in answers]
    settle(server, videos, within=FAILURE)
    seen = [server.ask("GET", f"/v1/videos/{video}").body.decode() for video in videos]
    pages = [server.ask("GET", path).body.decode() for path in ("/v1/videos?limit=100", "/v1/models", "/metrics", "/openapi.json")]
    events = [server.ask("GET", f"/v1/videos/{video}/events").body.decode() for video in videos[:3]]
    return {"videos": "".join(seen), "pages": "".join(pages), "events": "".join(events)}


def settle(server: Server, videos: list[str], *, within: float) -> None:
    """Give them the time to end; what still goes on then, because nobody may send it again, is cancelled."""
    end = time.monotonic() + within
    for video in videos:
        while time.monotonic() < end:
            view = server.ask("GET", f"/v1/videos/{video}?wait=1").json
            ours = view["castlist"]
            assert isinstance(ours, dict)
            if view["status"] in {"completed", "failed"} or ours["state"] == "unknown":
                break
        server.ask("POST", f"/v1/videos/{video}/cancel")


def ask_doctor(server: Server) -> str:
    """What it finds, as text."""
    work = examine(server.gateway.engine.kit, public_base_url=None, fetch=Fetcher().fetch)
    return str(asyncio.run_coroutine_threadsafe(work, server.loop).result(60))
