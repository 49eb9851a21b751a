"""The xai adapter beside `@ai-sdk/xai`: the same requests for the same intents, and an emulator that the SDK can read."""

import asyncio
import json
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from castlist.errors import Refused
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, Size, Wishes
from providers.emulators.strict import mutate
from providers.emulators.xai import serve_xai
from providers.xai_runs import FIRST, FULL, KEY, PINNED, adapt, create, member, order, source, submit

ROOT = Path(__file__).resolve().parents[2]
IGNORED = ()
"""Nothing: bodies, paths and keys are compared as they are; of headers the emulator notes the key alone."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def sdk():
    """Runs calls through the SDK and gives what it made of the answers."""
    subprocess.run([ROOT / "scripts" / "peers"], check=True, stdin=subprocess.DEVNULL)
    node = shutil.which("node")
    assert node, "Node is needed for this test"

    def run(upstream, calls, folder):
        command = [node, ROOT / "tests/providers/peer_xai.mjs", ROOT / ".node-peers", f"{upstream.base_url}/v1", KEY]
        done = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, cwd=folder, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def start(prompt, *, model=FIRST, xai=None, **options):
    return ["start", model, {"prompt": prompt, **options, "providerOptions": {"xai": xai or {}}}]


WIDE = {"duration": 8, "aspectRatio": "16:9", "resolution": "1280x720"}


def intents(folder):
    """Pairs of an order of ours and the call of the SDK that says the same, by name."""
    luna, mossy = member(folder, "Luna", stills=2), member(folder, "Mossy", stills=1)
    square = CreateVideo("It moves", "hero", 4, Size(480, 480), reference="frame.png")
    loud = CreateVideo("Thunder", "hero", 15, FULL, wishes=Wishes(options={"xai": {"audio": "on"}}))
    both = create("Mossy meets Luna", reference="frame.png")
    references = [{"file": f"{name}.jpg"} for name in ("luna-0", "luna-1", "mossy-0")]
    film = {"inline": "source.mp4"}
    return {
        "words": (order(folder), start("A fox walks.", **WIDE)),
        "sound and 1080p": (
            order(folder, loud, model=PINNED),
            start("Thunder", model=PINNED, duration=15, aspectRatio="16:9", resolution="1920x1080", generateAudio=True),
        ),
        "frame": (
            order(folder, square),
            start("It moves", duration=4, aspectRatio="1:1", xai={"resolution": "480p"}, image={"file": "frame.png"}),
        ),
        "character": (
            order(folder, create(), cast=[mossy]),
            start("Featuring Mossy (<IMAGE_1>). Luna dances", **WIDE, inputReferences=references[2:]),
        ),
        "two and a frame": (
            order(folder, both, cast=[luna, mossy], model=PINNED),
            start(
                "Mossy (<IMAGE_3>) meets Luna (<IMAGE_1>, <IMAGE_2>)",
                model=PINNED,
                **WIDE,
                inputReferences=references,
                frameImages=[{"frameType": "first_frame", "image": {"file": "frame.png"}}],
            ),
        ),
        "edit": (
            order(folder, EditVideo("Warm light", "hero", source())),
            start("Warm light", xai={"mode": "edit-video", "videoUrl": film}),
        ),
        "extend": (
            order(folder, ExtendVideo("It waves", "hero", 6, source())),
            start("It waves", duration=6, xai={"mode": "extend-video", "videoUrl": film}),
        ),
    }


def ours(folder, act):
    async def with_provider(upstream):
        async with adapt(upstream, folder) as provider:
            await act(provider)

    with serve_xai(key=KEY, lasts=0) as upstream:
        asyncio.run(with_provider(upstream))
        return upstream.requests


def theirs(sdk, folder, calls):
    with serve_xai(key=KEY, lasts=0) as upstream:
        answers = sdk(upstream, calls, folder)
        assert [answer for answer in answers if "failed" in answer or answer.get("warnings")] == []
        return upstream.requests


def test_the_same_intents_make_the_same_requests(sdk, tmp_path):
    wanted = intents(tmp_path)

    async def act(provider):
        for mine, _ in wanted.values():
            await submit(provider, mine)

    assert ours(tmp_path, act) == theirs(sdk, tmp_path, [call for _, call in wanted.values()])


def test_a_video_is_asked_for_in_the_same_way(sdk, tmp_path):
    async def act(provider):
        await provider.poll([await submit(provider, order(tmp_path))])

    assert ours(tmp_path, act) == theirs(sdk, tmp_path, [intents(tmp_path)["words"][1], ["status", FIRST, "req-0001"]])


def test_an_adapter_with_one_field_wrong_is_noticed(sdk, tmp_path):
    mine, call = intents(tmp_path)["two and a frame"]
    (reference,) = theirs(sdk, tmp_path, [call])

    async def act(provider):
        prepared = await provider.prepare(mine)
        for _, document in mutate(prepared.body["document"]):
            with suppress(Refused):
                await provider.submit(replace(prepared, body={**prepared.body, "document": document}))
        with suppress(Refused):
            await provider.submit(replace(prepared, body={**prepared.body, "route": "edits"}))

    heard = ours(tmp_path, act)
    assert len(heard) > 25
    assert [each for each in heard if each == reference] == []


def test_the_sdk_reads_what_the_emulator_answers(sdk, tmp_path):
    fates = [None, "stick", "fail", "expired", "blocked", "unsafe", "no_url"]
    ids = [f"req-{n:04d}" for n in range(1, len(fates) + 1)]
    starts = [start("A fox", **WIDE, model=f"{FIRST}?job={fate}" if fate else FIRST) for fate in fates]
    with serve_xai(key=KEY, lasts=0) as upstream:
        answers = sdk(upstream, [*starts, *(["status", FIRST, id] for id in ids)], tmp_path)
        assert [answer["operation"]["requestId"] for answer in answers[: len(fates)]] == ids
    seen = dict(zip(fates, answers[len(fates) :], strict=True))

    assert {fate: answer["status"] for fate, answer in seen.items()} == {
        None: "completed", "stick": "pending", "fail": "error", "expired": "error", "blocked": "error", "unsafe": "error",
        "no_url": "error",
    }  # fmt: skip
    assert seen[None]["providerMetadata"]["xai"]["duration"] == 8
    assert "content policy" in seen["blocked"]["error"]
    assert "rejected by content moderation" in seen["unsafe"]["error"]


def test_the_sdk_reads_an_empty_202_as_pending(sdk, tmp_path):
    with serve_xai(key=KEY, lasts=60) as upstream:
        upstream.break_next("job", "silent")
        answers = sdk(upstream, [start("A fox", **WIDE), ["status", FIRST, "req-0001"]], tmp_path)

    assert answers[1]["status"] == "pending"


def test_the_sdk_raises_what_the_emulator_refuses(sdk, tmp_path):
    with serve_xai(key=KEY, lasts=0) as upstream:
        upstream.break_next("create", "moderated", "no_credits", "rate_limit_bare")
        calls = [start("A fox", **WIDE)] * 3 + [start("A fox", duration=99), ["status", FIRST, "req-9"]]
        answers = sdk(upstream, calls, tmp_path)

    assert [answer["status"] for answer in answers] == [400, 403, 429, 422, 404]
