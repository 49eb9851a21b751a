"""The fal_ai adapter and its emulator beside the official client."""

import asyncio
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from castlist.errors import Refused
from castlist.model.providing import Account
from castlist.providers.fal_ai import Fal
from castlist.testing.emulator import serve
from providers.emulators.fal_ai import KEY, FalEmulator
from providers.orders_cast import create, follow_up, keep_media, member
from providers.wires import reach

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(__file__).with_name("peer_fal_ai.py")

pytestmark = pytest.mark.slow

IGNORED = frozenset()
"""Fields of a body that may differ between the client and us: none. Of the headers only the key and the accepted type are compared."""

INTENTS = {
    "text": (
        create("wan/v2.6", seconds=5),
        "wan/v2.6/text-to-video",
        {"prompt": "A fox walks.", "duration": "5", "resolution": "720p", "aspect_ratio": "16:9", "seed": 7},
    ),
    "cast": (
        create("kling/v4", "Luna and Mossy dance.", member("Luna", stills=2), member("Mossy", stills=1), frame="frame.png"),
        "kling/v4/reference-to-video",
        {
            "prompt": "Luna (@Element1) and Mossy (@Image1) dance.",
            "duration": 4,
            "resolution": "720p",
            "aspect_ratio": "16:9",
            "start_image_url": "frame.png",
            "elements": [{"frontal_image_url": "luna-0.jpg", "reference_image_urls": ["luna-1.jpg"]}],
            "image_urls": ["mossy-0.jpg"],
        },
    ),
    "extend": (
        follow_up("extend", "xai/grok-imagine-video"),
        "xai/grok-imagine-video/extend-video",
        {"prompt": "Make it snow.", "video_url": "source.mp4", "duration": 5},
    ),
}
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".mp4": "video/mp4"}


@pytest.fixture
def upstream():
    with serve(FalEmulator()) as server:
        yield server


@pytest.fixture(scope="module")
def peers():
    """The environment with the vendors' SDKs."""
    subprocess.run([ROOT / "scripts" / "peers"], check=True, stdin=subprocess.DEVNULL)


def ask_peer(*arguments, given=None):
    python = ROOT / ".venv-peers" / "vendors" / "bin" / "python"
    text = None if given is None else json.dumps(given)
    done = subprocess.run([python, PEER, *arguments], capture_output=True, text=True, input=text, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run(upstream, folder, act, *, kind=Fal):
    async def with_provider():
        async with reach(folder, api_base=upstream.base_url) as http:
            return await act(kind(Account("fal", "fal_ai", api_base=upstream.base_url, api_key=KEY), http))

    return asyncio.run(with_provider())


def send_ours(upstream, folder, order, **options):
    async def act(provider):
        return await provider.submit(await provider.prepare(order))

    run(upstream, folder, act, **options)
    return upstream.bodies[-1]


def send_theirs(upstream, folder, intent):
    """The intent through the official client; what the upstream got."""
    _, endpoint, arguments = INTENTS[intent]
    names = sorted({name for name in strings(arguments) if (folder / name).is_file()})
    uploads = [["upload", str(folder / name), TYPES[Path(name).suffix]] for name in names]
    urls = dict(zip(names, ask_peer("send", upstream.base_url, given=uploads), strict=True)) if names else {}
    ask_peer("send", upstream.base_url, given=[[endpoint, put(arguments, urls)]])
    return upstream.bodies[-1]


def strings(value):
    if isinstance(value, dict | list):
        return [text for each in (value.values() if isinstance(value, dict) else value) for text in strings(each)]
    return [value] if isinstance(value, str) and len(value) < 40 else []


def put(value, urls):
    if isinstance(value, dict):
        return {key: put(inner, urls) for key, inner in value.items()}
    if isinstance(value, list):
        return [put(inner, urls) for inner in value]
    return urls.get(value, value) if isinstance(value, str) else value


def differences(theirs, ours):
    """What differs between two requests by content, but for IGNORED."""
    (their_path, their_body), (our_path, our_body) = theirs, ours
    pairs = [(name, their_body.get(name), our_body.get(name)) for name in sorted({*their_body, *our_body} - IGNORED)]
    return [pair for pair in [("path", their_path, our_path), *pairs] if pair[1] != pair[2]]


@pytest.mark.parametrize("intent", INTENTS)
def test_it_sends_what_the_official_client_sends(peers, upstream, tmp_path, intent):
    keep_media(tmp_path)
    theirs = send_theirs(upstream, tmp_path, intent)
    ours = send_ours(upstream, tmp_path, INTENTS[intent][0])

    assert differences(theirs, ours) == []
    assert dict(upstream.requests[0].headers)["authorization"] == dict(upstream.requests[-1].headers)["authorization"]


MUTATIONS = {
    "renamed": lambda body: {("start_image" if key == "start_image_url" else key): value for key, value in body.items()},
    "dropped": lambda body: {key: value for key, value in body.items() if key != "elements"},
    "misspelt": lambda body: body | {"resolution": "720P"},
    "another_picture": lambda body: body | {"image_urls": body["elements"][0]["reference_image_urls"]},
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_comparison_notices_a_mutated_adapter(peers, upstream, tmp_path, mutation):
    class Mutated(Fal):
        async def prepare(self, order):
            prepared = await super().prepare(order)
            return replace(prepared, body={**prepared.body, "body": MUTATIONS[mutation](prepared.body["body"])})

    keep_media(tmp_path)
    theirs = send_theirs(upstream, tmp_path, "cast")
    try:
        ours = send_ours(upstream, tmp_path, INTENTS["cast"][0], kind=Mutated)
    except Refused:
        return  # the emulator itself refuses a field or a word that the endpoint does not have
    assert differences(theirs, ours)


def test_the_official_client_reads_what_the_emulator_answers(peers, upstream, tmp_path):
    upstream.break_next("job", "blocked", "invalid")

    async def act(provider):
        orders = [create("kling/v4") for _ in range(3)]
        return [(await provider.submit(await provider.prepare(order))).data["id"] for order in orders]

    seen = ask_peer("read", upstream.base_url, "kling/v4/reference-to-video", *run(upstream, tmp_path, act))

    kinds = ["Queued", "InProgress", "Completed"]
    assert seen == [[kinds, 422, "content_policy_violation"], [kinds, 422, "image_too_small"], [kinds, 200, "video/mp4"]]
