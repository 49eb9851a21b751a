"""A plan says what a submission then does: the same deployment, words, length, price and warnings, or the same refusal."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest

import clips
from castlist.assembly import open_gateway
from castlist.config import load
from castlist.engine.forms import furnish
from castlist.errors import CastlistError
from castlist.model.asks import Caller, Incoming, VideoAsk
from castlist.model.characters import FORMS, Fidelity
from castlist.model.jobs import State
from castlist.model.operations import CreateVideo, ExtendVideo, Size, Wishes
from castlist.testing.emulator import serve
from castlist.testing.upstream import serve_upstream
from engine.conftest import Stage
from providers.emulators.fal_ai import KEY as FAL_KEY
from providers.emulators.fal_ai import FalEmulator
from providers.emulators.gemini import serve_gemini
from providers.emulators.kling import serve_kling
from providers.emulators.runwayml import KEY as RUNWAY_KEY
from providers.emulators.runwayml import Runway
from providers.emulators.xai import serve_xai

ME = Caller("default", master=True)
LONG = 600.0
SENT = {State.RUNNING, State.STORING}
WIDE, ODD = Size(1280, 720), Size(1000, 562)
TARGETS = {
    "gemini": ("gemini/gemini-omni-1.2-flash", "AIza-live"),
    "xai": ("xai/grok-imagine-video", "xai-live"),
    "runwayml": ("runwayml/seedance2", RUNWAY_KEY),
    "fal": ("fal_ai/fal-ai/veo3.1", FAL_KEY),
    "kling": ("kling/kling-3.0-omni", "kling-live"),
    "openai": ("openai/sora-2", "sk-test"),
    "vllm": ("hosted_vllm/wan", "sk-test"),
}
VEO = tuple(f"fal-ai/veo3.1{end}" for end in ("", "/image-to-video", "/reference-to-video"))
PATHS = {"xai": "/v1"}
DEGRADE = Wishes(degrade=True)
ARGUMENTS = {
    "words alone": {},
    "a character": {"cast": 1},
    "two characters, one of them named": {"cast": 2},
    "a name that the prompt lacks": {"cast": 1, "text": "somebody waves"},
    "words that look like a tag": {"cast": 1, "text": "Luna and <IMAGE_1> @Image2 [Image 3] <IMAGE_REF_0> meet"},
    "an opening frame": {"frame": True},
    "an opening frame and a character": {"cast": 1, "frame": True},
    "an opening frame and a character, or less": {"cast": 2, "frame": True, "wishes": DEGRADE},
    "a length that few make": {"seconds": 7},
    "a length that few make, or near": {"seconds": 7, "cast": 1, "wishes": DEGRADE},
    "a length that nobody makes, or near": {"seconds": 100, "wishes": DEGRADE},
    "a size that few make": {"size": ODD},
    "a size that few make, or near": {"size": ODD, "cast": 1, "wishes": DEGRADE},
    "silence": {"wishes": Wishes(audio="off")},
    "silence, if it can be": {"wishes": Wishes(audio="off", degrade=True)},
    "silence of another provider": {"wishes": Wishes(options={"animatic": {"audio": "off"}})},
    "an option that there is not": {"wishes": Wishes(options={name: {"loudness": "11"} for name in ("xai", "fal_ai", "gemini", "kling")})},
    "a seed": {"seed": 11},
}  # fmt: skip


WHOLE = {
    "gemini": [{"jpeg-0", "jpeg-1", "jpeg-2", "clip-3s"}] * 2,
    "xai": [{"jpeg-0", "jpeg-1", "jpeg-2"}] * 2,
    "runwayml": [{"jpeg-0", "jpeg-1", "jpeg-2", "jpeg-3", "clip-5s"}] * 2,
    "kling": [{"jpeg-0", "jpeg-1", "jpeg-2", "jpeg-3"}] * 2,
    "openai": [{"video"}] * 2,
    "vllm": [{"still-0", "still-1", "still-2"}] * 2,
}
"""Which of its media each would be sent of two characters that have all of them."""


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.fixture(scope="module")
def upstreams():
    """An emulated upstream for each provider, on loopback; little of what they begin ends by itself."""
    with ExitStack() as stack:
        yield {
            "gemini": stack.enter_context(serve_gemini(lasts=LONG)),
            "xai": stack.enter_context(serve_xai(lasts=LONG)),
            "runwayml": stack.enter_context(serve(Runway(sticks=("seedance2",)))),
            "fal": stack.enter_context(serve(FalEmulator(sticks=VEO))),
            "kling": stack.enter_context(serve_kling(lasts=2.0)),
            "openai": stack.enter_context(serve_upstream(key="sk-test", lasts=LONG)),
            "vllm": stack.enter_context(serve_upstream(key="sk-test", lasts=LONG, native=False)),
        }


@pytest.fixture(scope="module")
def kept(tmp_path_factory, small_clip, prepared):
    """A data directory with two characters that are ready, and every form of them that a model here wants."""
    folder = tmp_path_factory.mktemp("kept") / "data"
    source, luna = prepared
    shutil.copytree(source, folder)

    async def prepare():
        gateway = await open_gateway(load(None, environ={"CASTLIST_DATA": str(folder)}), serving=True, worker=True)
        await gateway.start()
        try:
            s = Stage(gateway, small_clip)
            found = luna, await s.ready(await s.character("Mossy"))
            return [await furnish(s.engine.kit, each, tuple(FORMS)) for each in found]
        finally:
            await gateway.stop()

    return folder, run(prepare())


@pytest.fixture
def cast(kept, tmp_path):
    """Those characters, in the directory that this test's gateways open."""
    folder, characters = kept
    shutil.copytree(folder, tmp_path / "data")
    return characters


@pytest.fixture
def hosted(tmp_path, small_clip, upstreams, cast):
    """Opens a gateway on the emulated upstreams: a model on each, and `all` on every one in turn."""
    lines = []
    for number, (name, (target, key)) in enumerate(TARGETS.items()):
        params = f"order: {number}, model: {target}, api_base: '{upstreams[name].base_url}{PATHS.get(name, '')}', api_key: {key}"
        entry = f"litellm_params: {{{params}}}, account: {name}, model_info: {{mode: video_generation}}"
        lines += [f"  - {{model_name: {model}, {entry}}}" for model in (name, "all")]
    lines.append("  - {model_name: made, litellm_params: {model: fake/instant}}")
    config = tmp_path / "hosted.yaml"
    config.write_text("model_list:\n" + "\n".join(lines) + "\ncastlist: {max_spend_per_day: 100000}\n")

    @asynccontextmanager
    async def open_hosted():
        gateway = await open_gateway(load(config, environ={"CASTLIST_DATA": str(tmp_path / "data")}), serving=True, worker=True)
        await gateway.start()
        try:
            yield Stage(gateway, small_clip)
        finally:
            await gateway.stop()

    return open_hosted


@dataclass
class Case:
    """One request, which goes to the plan and to the submission, and what came of both."""

    name: str
    model: str
    ask: dict[str, object]
    token: str
    faults: list[str] = field(default_factory=list)
    planned: object = None

    def expect(self, what: str, planned: object, done: object) -> None:
        if planned != done:
            self.faults.append(f"{self.model}, {self.name}: {what} planned as {planned!r} and done as {done!r}")


FRAMED = ("all",)
"""Where opening frames are tried: each is looked at in a process of its own, which takes its time."""


def make_cases(model: str) -> list[Case]:
    names = [name for name, given in ARGUMENTS.items() if model in FRAMED or "frame" not in given]
    return [Case(name, model, dict(ARGUMENTS[name]), f"Take {number:02} of {model}: ") for number, name in enumerate(names)]


def build(s, case: Case, cast, picture) -> VideoAsk:
    given = dict(case.ask)
    kind = given.pop("kind", "create")
    characters = tuple(each.id for each in cast[: given.pop("cast", 0)])
    reference = bring(s, picture) if given.pop("frame", False) else None
    prompt = case.token + given.pop("text", "Luna waves")
    return VideoAsk(kind, prompt, model=case.model, **{"seconds": 4, "size": WIDE} | given, characters=characters, reference=reference)


def bring(s, picture) -> Incoming:
    """The picture as it arrives with a request: each has a file of its own, which goes with the request."""
    path = Path(mkdtemp(dir=s.gateway.storage.scratch))
    path = path / f"{path.name}.png"
    path.write_bytes(picture.read_bytes())
    return Incoming(path, "frame.png", path.stat().st_size, "0")


async def plan_and_do(s, case: Case, upstreams, cast, picture) -> None:
    try:
        case.planned = await s.engine.plan(ME, build(s, case, cast, picture))
    except CastlistError as error:
        case.planned = error
    try:
        seen = await s.engine.submit(ME, build(s, case, cast, picture))
    except CastlistError as error:
        case.expect("refusal", told(case.planned), told(error))
        return
    seen = await s.until(seen, lambda now: now.job.ended or now.job.state in SENT)
    if seen.job.error:
        case.expect("refusal", told(case.planned)[:2], (seen.job.error.code, seen.job.error.message))
        return
    if isinstance(case.planned, CastlistError):
        case.expect("outcome", told(case.planned), "a video")
        return
    compare(case, seen, upstreams[seen.attempts[-1].account])


def told(outcome: object) -> object:
    return (outcome.code, outcome.message, outcome.param, outcome.status) if isinstance(outcome, CastlistError) else "a video"


def compare(case: Case, seen, upstream) -> None:
    first, attempt = case.planned.deployments[0], seen.attempts[-1]
    wire = [request for request in upstream.requests if any(case.token in text for text in prompts(request))]
    case.expect("deployment", first.deployment.id, attempt.deployment)
    case.expect("prompt", [first.prompt], [text for request in wire for text in prompts(request) if case.token in text])
    if isinstance(first.operation, CreateVideo | ExtendVideo):
        case.expect("seconds", {first.operation.seconds}, set(lengths(wire)) or {first.operation.seconds})
    case.expect("price", first.cost, attempt.cost)
    case.expect("warnings", first.warnings, seen.job.warnings)
    case.expect("cast", [(m.id, m.fidelity) for m in first.cast], [(m.id, m.fidelity) for m in seen.job.cast])
    if isinstance(first.operation, CreateVideo):
        case.expect("shapes", {str(first.operation.size), ratio(first.operation.size)} & shapes(wire), shapes(wire))


def prompts(request) -> list[str]:
    names = ("prompt", "promptText", "text")
    return [*(f.value.decode() for f in request.fields if f.name == "prompt"), *filter(is_text, leaves(request.document, names))]


def lengths(wire) -> list[int]:
    texts = [text for request in wire for text in values(request, ("seconds", "duration"))]
    return [int(str(text).removesuffix("s")) for text in texts]


def shapes(wire) -> set[str]:
    return {str(text).replace("1280:720", "1280x720") for request in wire for text in values(request, ("size", "aspect_ratio", "ratio"))}


def ratio(size: Size) -> str:
    return {1.78: "16:9", 0.56: "9:16"}.get(round(size.aspect, 2), str(size))


def values(request, names) -> list[object]:
    return [*(f.value.decode() for f in request.fields if f.name in names), *leaves(request.document, names)]


def leaves(value: object, names) -> Iterator[object]:
    if isinstance(value, dict):
        yield from (inner for name, inner in value.items() if name in names and not isinstance(inner, dict | list))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from leaves(inner, names)


def is_text(value: object) -> bool:
    return isinstance(value, str)


@pytest.fixture
def frame(tmp_path):
    return clips.plain_image(tmp_path / "frame.png", size=(1280, 720))


@pytest.mark.parametrize("model", [*TARGETS, "all"])
def test_a_plan_and_its_submission_say_the_same(hosted, upstreams, cast, frame, model):
    cases = make_cases(model)

    async def scene():
        async with hosted() as s:
            await asyncio.gather(*(plan_and_do(s, case, upstreams, cast, frame) for case in cases))

    run(scene())

    assert [fault for case in cases for fault in case.faults] == []
    outcomes = Counter(told(case.planned) == "a video" for case in cases)
    assert outcomes[True] > 1, {case.name: told(case.planned) for case in cases}
    assert outcomes[False] > 0 or model == "all"


@pytest.mark.parametrize("model", TARGETS)
def test_so_do_those_of_a_follow_up(hosted, upstreams, cast, model):
    cases = [Case(kind, model, {"kind": kind}, f"Follow-up {kind} of {model}: ") for kind in ("edit", "extend", "remix")]

    async def scene():
        async with hosted() as s:
            source = await s.end(await s.create("Luna walks", model="made", characters=(cast[0].id,), seconds=2))
            for case in cases:
                case.ask |= {"source": source.job.id, "seconds": 4 if case.name == "extend" else None, "size": None}
            await asyncio.gather(*(plan_and_do(s, case, upstreams, cast, None) for case in cases))

    run(scene())

    assert [fault for case in cases for fault in case.faults] == []


def test_a_plan_keeps_sends_and_spends_nothing(hosted, upstreams, cast, frame):
    async def scene():
        async with hosted() as s:
            asked = {name: len(upstream.requests) for name, upstream in upstreams.items()}
            for case in make_cases("all")[3:9]:
                with suppress(CastlistError):
                    await s.engine.plan(ME, build(s, case, cast, frame))
            jobs = await s.engine.videos(ME, after=None, limit=10, order="desc", status=None, character=None)
            left = [path for path in s.gateway.storage.scratch.rglob("*") if path.is_file()]
            bindings = [await s.engine.storage.bindings.list(each.id) for each in cast]
            return asked, jobs.items, left, bindings, await s.engine.storage.jobs.spent()

    asked, jobs, left, bindings, spent = run(scene())

    assert {name: len(upstream.requests) for name, upstream in upstreams.items()} == asked
    assert (jobs, left, bindings, spent) == ((), [], [(), ()], 0)


def test_a_plan_names_each_deployment_in_order_and_why_others_are_left_out(hosted, cast):
    async def scene():
        async with hosted() as s:
            return await s.engine.plan(ME, VideoAsk("create", "Luna waves", model="all", seconds=5, size=WIDE, characters=(cast[0].id,)))

    plan = run(scene())

    assert [planned.deployment.account.name for planned in plan.deployments] == ["gemini", "xai", "runwayml", "kling", "openai", "vllm"]
    assert [(left.deployment.account.name, left.reason) for left in plan.left_out] == [
        ("fal", "fal_ai/fal-ai/veo3.1 makes clips of 4, 6, 8 seconds, not 5")
    ]
    assert plan.deployments[0].cost.micros > 0
    assert plan.deployments[0].prompt.endswith("Luna (<VIDEO_REF_0>, <IMAGE_REF_0>, <IMAGE_REF_1>, <IMAGE_REF_2>, <IMAGE_REF_3>) waves")


def test_a_plan_says_what_of_a_character_would_be_sent(hosted, cast):
    async def scene():
        async with hosted() as s:
            ask = {"seconds": 4, "size": WIDE, "characters": tuple(each.id for each in cast)}
            return {name: (await s.engine.plan(ME, VideoAsk("create", "Luna", model=name, **ask))).deployments[0] for name in WHOLE}

    planned = run(scene())

    assert {name: [{sent.variant for sent in member.media} for member in one.cast] for name, one in planned.items()} == WHOLE
    assert [(member.fidelity, member.handle) for member in planned["openai"].cast] == [(Fidelity.NATIVE, "new")] * 2
    assert all(len(member.media) <= member.of for one in planned.values() for member in one.cast)
    assert all(sent.made and sent.bytes for one in planned.values() for member in one.cast for sent in member.media)


def test_forms_that_nobody_made_yet_are_promised(stage, luna):
    async def scene():
        async with stage("hero: fake/instant?wants=jpeg-0,clip-3s") as s:
            plan = await s.engine.plan(ME, VideoAsk("create", "Luna waves", model="hero", seconds=2, size=WIDE, characters=(luna.id,)))
            return plan, (await s.engine.character(ME, luna.id)).assets

    plan, assets = run(scene())

    assert plan.deployments[0].warnings == ()
    assert not {"jpeg-0", "clip-3s"} & set(assets)


def test_how_long_it_takes_is_what_the_last_ones_took(stage):
    async def scene():
        async with stage("hero: fake/instant?seconds=0.3") as s:
            ask = VideoAsk("create", "a scene", model="hero", seconds=2, size=WIDE)
            before = await s.engine.plan(ME, ask)
            await s.end(await s.create("a scene", model="hero"))
            return before, await s.engine.plan(ME, ask)

    before, after = run(scene())

    assert before.deployments[0].expected is None
    assert after.deployments[0].expected.samples == 1
    assert after.deployments[0].expected.seconds >= 0.3
