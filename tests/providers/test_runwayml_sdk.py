"""The runwayml adapter and its emulator beside the official SDK."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from castlist.errors import Refused
from castlist.providers.runwayml import RunwayML
from castlist.testing.emulator import serve
from providers.emulators.runwayml import FIELDS, Runway
from providers.orders_cast import create, follow_up, keep_media, member
from providers.runwayml_runs import run, send

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(__file__).with_name("peer_runwayml.py")

pytestmark = pytest.mark.slow


@pytest.fixture
def upstream():
    with serve(Runway()) as server:
        yield server


IGNORED = frozenset()
"""Fields of a body that may differ between the SDK and us: none."""


def differences(theirs, ours):
    """What differs between two requests by content, but for IGNORED."""
    (their_route, their_body), (our_route, our_body) = theirs, ours
    pairs = [(name, their_body.get(name), our_body.get(name)) for name in sorted({*their_body, *our_body} - IGNORED)]
    return [pair for pair in [("route", their_route, our_route), *pairs] if pair[1] != pair[2]]


INTENTS = {
    "text": (create("gen4.5"), "text_to_video", {"duration": 4, "ratio": "1280:720", "seed": 7}, []),
    "frame": (
        create("kling_4", frame="frame.png"),
        "image_to_video",
        {"prompt_image": [{"uri": "frame.png", "position": "first"}], "duration": 4, "ratio": "auto_720p"},
        ["frame.png"],
    ),
    "cast": (
        create("wan3", "Luna (image 1) waves.", member("Luna", stills=2)),
        "text_to_video",
        {
            "prompt_text": "Luna (image 1, image 2, video 1) (picture 1) waves.",
            "duration": 4,
            "ratio": "1280:720",
            "references": [{"uri": "luna-0.jpg"}, {"uri": "luna-1.jpg"}],
            "reference_videos": [{"type": "video", "uri": "luna.mp4"}],
        },
        ["luna-0.jpg", "luna-1.jpg", "luna.mp4"],
    ),
    "edit": (
        follow_up("edit", "seedance2_5"),
        "video_to_video",
        {"prompt_text": "Make it snow.", "prompt_video": "source.mp4", "mode": "edit", "duration": "auto", "seed": 7},
        ["source.mp4"],
    ),
    "extend": (
        follow_up("extend", "gemini_omni_flash_1.1"),
        "video_to_video",
        {"prompt_text": "Make it snow.", "video_uri": "source.mp4", "mode": "extend", "duration": 5},
        ["source.mp4"],
    ),
}


def ask_peer(*arguments, given=None):
    python = ROOT / ".venv-peers" / "vendors" / "bin" / "python"
    text = None if given is None else json.dumps(given)
    done = subprocess.run([python, PEER, *arguments], capture_output=True, text=True, input=text, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def peers():
    """The environment with the vendors' SDKs."""
    subprocess.run([ROOT / "scripts" / "peers"], check=True, stdin=subprocess.DEVNULL)


def send_theirs(upstream, folder, intent):
    """The intent through the official SDK; what the upstream got."""
    order, route, fields, files = INTENTS[intent]
    uris = ask_peer("send", upstream.base_url, given=[["upload", str(folder / name)] for name in files]) if files else []
    known = dict(zip(files, uris, strict=True))
    arguments = {"model": order.provider_model, "prompt_text": "A fox walks."} | fields
    ask_peer("send", upstream.base_url, given=[[route, _with_uris(arguments, known)]])
    return upstream.bodies[-1]


def _with_uris(value, known):
    if isinstance(value, dict):
        return {key: _with_uris(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_uris(inner, known) for inner in value]
    return known.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("intent", INTENTS)
def test_it_sends_what_the_official_sdk_sends(peers, upstream, tmp_path, intent):
    keep_media(tmp_path)
    theirs = send_theirs(upstream, tmp_path, intent)
    _, *ours = send(upstream, tmp_path, INTENTS[intent][0])

    assert differences(theirs, ours) == []
    assert upstream.requests[-1].headers == upstream.requests[0].headers


def renamed(body):
    return {("prompt" if key == "promptText" else key): value for key, value in body.items()}


def dropped(body):
    return {key: value for key, value in body.items() if key != "references"}


def misspelt(body):
    return body | {"ratio": "16:9"}


def wrong_file(body):
    return body | {"references": list(reversed(body["references"]))}


MUTATIONS = {"renamed": renamed, "dropped": dropped, "misspelt": misspelt, "wrong_file": wrong_file}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_comparison_notices_a_mutated_adapter(peers, upstream, tmp_path, mutation):
    class Mutated(RunwayML):
        async def prepare(self, order):
            prepared = await super().prepare(order)
            return replace(prepared, body={**prepared.body, "body": MUTATIONS[mutation](prepared.body["body"])})

    keep_media(tmp_path)
    theirs = send_theirs(upstream, tmp_path, "cast")
    try:
        _, *ours = send(upstream, tmp_path, INTENTS["cast"][0], kind=Mutated)
    except Refused:
        return  # the emulator itself refuses a field that the SDK does not declare
    assert differences(theirs, ours)


def test_the_official_sdk_reads_every_task_of_the_emulator(peers, upstream, tmp_path):
    fates = [None, "fail", "block", "wordless", "throttle", "stick"]

    async def act(provider):
        tickets = []
        for fate in fates:
            if fate:
                upstream.break_next("job", fate)
            tickets.append(await provider.submit(await provider.prepare(create("gen4.5"))))
        for _ in range(2):
            await provider.poll(tickets)
        fresh = await provider.submit(await provider.prepare(create("gen4.5")))
        stopped = await provider.submit(await provider.prepare(create("gen4.5")))
        await provider.cancel(stopped)
        return [ticket.data["id"] for ticket in (*tickets, fresh, stopped)]

    seen = ask_peer("read", upstream.base_url, *run(upstream, tmp_path, act))

    kinds = ["Succeeded", "Failed", "Failed", "Failed", "Throttled", "Running", "Pending", "Cancelled"]
    assert seen == [[kind, []] for kind in kinds]


def test_the_emulators_fields_are_those_of_the_sdk(peers):
    models = sorted({model for route in FIELDS.values() for model in route})

    assert ask_peer("declare", *models) == FIELDS
