"""The gemini adapter beside Google's own SDK: the same requests for the same intents, and an emulator that the SDK can read."""

import asyncio
import json
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from castlist.errors import Refused
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, Size
from castlist.model.providing import Ticket
from providers.emulators.gemini import serve_gemini
from providers.emulators.strict import mutate
from providers.gemini_runs import KEY, MODEL, adapt, create, member, order, source, submit
from providers.wires import take

ROOT = Path(__file__).resolve().parents[2]
IGNORED = ("X-Goog-Upload-Protocol", "X-Goog-Upload-Header-Content-Length", "X-Goog-Upload-Header-Content-Type")
"""Headers that the SDK sends again with the bytes of an upload, where the documented second request has none of them."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def sdk():
    """Runs calls through the SDK and gives what it made of the answers."""
    subprocess.run([ROOT / "scripts" / "peers"], check=True, stdin=subprocess.DEVNULL)

    def run(upstream, calls, folder):
        command = [ROOT / ".venv-peers/vendors/bin/python", ROOT / "tests/providers/peer_gemini.py", upstream.base_url, KEY]
        done = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, cwd=folder, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def arguments(task, **format):
    return {
        "model": MODEL,
        "generation_config": {"video_config": {"task": task}},
        "response_format": {"type": "video", "delivery": "uri", **format},
    }


WIDE = {"aspect_ratio": "16:9", "resolution": "720p", "duration": "8s"}


def intents(folder):
    """Pairs of an order of ours and the call of the SDK that says the same, by name."""
    luna, mossy = member(folder, "Luna"), member(folder, "Mossy", stills=1)
    both = create("Mossy meets Luna", reference="frame.png")
    tall = CreateVideo("It moves", "hero", 4, Size(1080, 1920), reference="frame.png")
    shape = {"aspect_ratio": "9:16", "resolution": "1080p", "duration": "4s"}
    edit, extend = EditVideo("Warm light", "hero", source()), ExtendVideo("Luna waves", "hero", 4, source())
    return {
        "words": (order(folder), ["create", arguments("text_to_video", **WIDE), [], [], "A fox walks."]),
        "frame": (
            order(folder, tall),
            ["create", arguments("image_to_video", **shape), ["frame.png"], [], "[# Sources <FIRST_FRAME>@Image1]\nIt moves"],
        ),
        "character": (
            order(folder, create(), cast=[mossy, replace(luna, media={"jpeg-0": "luna-0.jpg"})]),
            ["create", arguments("reference_to_video", **WIDE), ["mossy-0.jpg", "luna-0.jpg"], ["mossy.mp4"],
             ("[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2 <VIDEO_REF_0>@Video1]\n"
             "Featuring Mossy (<VIDEO_REF_0>, <IMAGE_REF_0>). Luna (<IMAGE_REF_1>) dances")],
        ),
        "two and a frame": (
            order(folder, both, cast=[luna, mossy]),
            ["create", arguments("reference_to_video", **WIDE), ["frame.png", "luna-0.jpg", "luna-1.jpg", "mossy-0.jpg"],
             ["luna.mp4", "mossy.mp4"],
             ("[# Sources <FIRST_FRAME>@Image1] [# References <IMAGE_REF_0>@Image2 <IMAGE_REF_1>@Image3 <IMAGE_REF_2>@Image4 "
             "<VIDEO_REF_0>@Video1 <VIDEO_REF_1>@Video2]\n"
             "Mossy (<VIDEO_REF_1>, <IMAGE_REF_2>) meets Luna (<VIDEO_REF_0>, <IMAGE_REF_0>, <IMAGE_REF_1>)")],
        ),
        "edit an upload": (
            order(folder, edit),
            ["create", arguments("edit"), [], ["source.mp4"], "[# Sources <VIDEO_0>@Video1]\nWarm light"],
        ),
        "edit its own": (
            order(folder, edit, ticket={"id": "v1_000001"}),
            ["create", {**arguments("edit"), "previous_interaction_id": "v1_000001"}, [], [], "Warm light"],
        ),
        "extend": (
            order(folder, extend, cast=[mossy]),
            ["create", arguments("extend", duration="4s"), ["mossy-0.jpg"], ["source.mp4"],
             "[# Sources <PREVIOUS_VIDEO>@Video1] [# References <IMAGE_REF_0>@Image1]\nFeaturing Mossy (<IMAGE_REF_0>). Luna waves"],
        ),
    }  # fmt: skip


def canonical(upstream):
    """What an upstream heard: everything but uploads in order, and the uploads by content, as ours go side by side."""
    uploads, rest = [], []
    for heard in upstream.requests:
        document = json.loads(json.dumps(heard.document).replace(upstream.base_url, "http://upstream"))
        if heard.path.startswith("/resumable/"):
            uploads.append((heard.body, sorted((k, v) for k, v in heard.headers if k not in IGNORED)))
        elif heard.path.startswith("/upload/"):
            uploads.append((json.dumps(document, sort_keys=True).encode(), sorted(heard.headers)))
        else:
            rest.append((heard.method, heard.path, heard.headers, document))
    return sorted(set(map(repr, uploads))), rest


def ours(folder, act):
    async def with_provider(upstream):
        async with adapt(upstream, folder) as provider:
            await act(provider)

    with serve_gemini(key=KEY, lasts=0) as upstream:
        asyncio.run(with_provider(upstream))
        return canonical(upstream)


def theirs(sdk, folder, calls):
    with serve_gemini(key=KEY, lasts=0) as upstream:
        answers = sdk(upstream, calls, folder)
        assert not [answer for answer in answers if isinstance(answer, dict) and "error" in answer]
        return canonical(upstream)


def test_the_same_intents_make_the_same_requests(sdk, tmp_path):
    wanted = intents(tmp_path)

    async def act(provider):
        for mine, _ in wanted.values():
            await submit(provider, mine)

    assert ours(tmp_path, act) == theirs(sdk, tmp_path, [call for _, call in wanted.values()])


def test_what_follows_a_creation_is_asked_in_the_same_way(sdk, tmp_path):
    calls = [intents(tmp_path)["words"][1], ["get", "v1_000001"], ["download", "files/out-v1_000001-0"], ["delete", "v1_000001"]]

    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        assert ticket == Ticket({"id": "v1_000001"})
        await take(provider, ticket)
        await provider.discard(ticket)

    assert ours(tmp_path, act) == theirs(sdk, tmp_path, calls)


def test_an_adapter_with_one_field_wrong_is_noticed(sdk, tmp_path):
    mine, call = intents(tmp_path)["two and a frame"]
    _, (reference, *_) = theirs(sdk, tmp_path, [call])

    async def act(provider):
        prepared = await provider.prepare(mine)
        changes = list(mutate(prepared.body))
        for _, body in changes:
            with suppress(Refused):
                await provider.submit(replace(prepared, body=body))
        assert len(changes) > 60

    _, sent = ours(tmp_path, act)
    assert len(sent) > 60
    assert [document for *_, document in sent if document == reference[3]] == []


def test_the_sdk_reads_what_the_emulator_answers(sdk, tmp_path):
    fates = [None, "inline", "withheld", "safety", "budget_exceeded", "stick", "requires_action"]
    start = ["create", arguments("text_to_video", **WIDE), [], [], "A fox walks."]
    with serve_gemini(key=KEY, lasts=0) as upstream:
        starts = [[start[0], {**start[1], "model": f"{MODEL}?job={fate}" if fate else MODEL}, *start[2:]] for fate in fates]
        ids = [f"v1_{n:06d}" for n in range(1, len(fates) + 1)]
        answers = sdk(upstream, [*starts, *(["get", id] for id in ids)], tmp_path)
        assert [made["status"] for made in answers[: len(fates)]] == ["in_progress"] * len(fates)
        seen = dict(zip(fates, answers[len(fates) :], strict=True))
        stopped = sdk(upstream, [["cancel", ids[fates.index("stick")]]], tmp_path)[0]

    assert (seen[None]["status"], seen[None]["steps"], bool(seen[None]["uri"])) == ("completed", ["ModelOutputStep"], True)
    assert (seen["inline"]["data"], seen["inline"]["uri"]) == (True, None)
    assert (seen["withheld"]["status"], seen["withheld"]["text"]) == ("completed", "I cannot show that person.")
    assert seen["safety"]["errors"] == [["SAFETY", "The output was blocked."]]
    assert [seen["budget_exceeded"]["status"], seen["stick"]["status"], stopped["status"]] == [
        "budget_exceeded",
        "in_progress",
        "cancelled",
    ]


def test_the_sdk_raises_what_the_emulator_refuses(sdk, tmp_path):
    start = ["create", arguments("text_to_video", **WIDE), [], [], "A fox walks."]
    with serve_gemini(key=KEY, lasts=0) as upstream:
        upstream.break_next("create", "moderated", "forbidden")
        wrong = [start[0], {**start[1], "response_format": {"type": "video", "delivery": "pigeon"}}, *start[2:]]
        answers = sdk(upstream, [start, start, wrong, ["get", "v1_nothing"]], tmp_path)

    assert [answer["status"] for answer in answers] == [400, 403, 400, 400]
