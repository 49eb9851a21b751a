"""The mission: one character, created once, renders on every provider in its best form there, and outlives the loss of one."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

import castlist
from acceptance.conftest import Served, start_server, stop_server
from castlist.testing.emulator import Emulator, serve
from castlist.testing.upstream import Upstream
from clips import Mascot, mascot_clip
from providers.emulators.fal_ai import KEY as FAL_KEY
from providers.emulators.fal_ai import FalEmulator
from providers.emulators.gemini import GeminiEmulator
from providers.emulators.kling import KlingEmulator
from providers.emulators.likeness import Clip, Seen, watch
from providers.emulators.runwayml import KEY as RUNWAY_KEY
from providers.emulators.runwayml import Runway
from providers.emulators.seeing import seen_by_fal_ai, seen_by_gemini, seen_by_kling, seen_by_openai, seen_by_runwayml, seen_by_xai
from providers.emulators.xai import XaiEmulator

LUNA = Mascot(height=0.8)
TWIN = Mascot(height=0.8, colour=(90, 190, 90))
"""Luna in green: same place, same shape, same gestures, same background."""

pytestmark = pytest.mark.slow

PROMPT = "Luna walks through a forest."
NOBODY = "http://127.0.0.1:9"
ASKED = {"seconds": 4, "size": "1280x720"}


@dataclass(frozen=True)
class Post:
    """A provider, its emulated upstream, and what the character's best form is there: fidelity, stills, clips of up to so many seconds,
    and the words by which the prompt points at them."""

    model: str
    make: Callable[[], Emulator]
    key: str
    see: Callable[[Emulator], Seen]
    fidelity: str = "reference"
    stills: int = 0
    clip: float = 0.0
    tag: str = ""
    path: str = ""

    @property
    def name(self) -> str:
        return self.model.partition("/")[0]


POSTS = {
    post.name: post
    for post in (
        Post("openai/hero-1", lambda: Upstream(key="sk-live"), "sk-live", seen_by_openai, "native", clip=60.0),
        Post("gemini/gemini-omni-1.2-flash", GeminiEmulator, "AIza-live", seen_by_gemini, stills=4, clip=3.0, tag="<VIDEO_REF_0>"),
        Post("runwayml/seedance2", Runway, RUNWAY_KEY, seen_by_runwayml, stills=4, clip=5.0, tag="video 1"),
        Post("kling/kling-3.0-omni", KlingEmulator, "kling-live", seen_by_kling, "native", stills=4, tag="@"),
        Post("fal_ai/kling/v4", FalEmulator, FAL_KEY, seen_by_fal_ai, stills=4, tag="@Element1"),
        Post("xai/grok-imagine-video", XaiEmulator, "xai-live", seen_by_xai, stills=3, tag="<IMAGE_3>", path="/v1"),
    )
}


@dataclass(frozen=True)
class World:
    """Six upstreams and a seventh to shut down, a gateway on all of them, two characters, and the clips they were created from."""

    client: castlist.Client
    upstreams: dict[str, Emulator]
    luna: castlist.Character
    twin: castlist.Character
    clips: dict[str, Clip]
    shut_first: Callable[[], None]

    def render(self, model: str, who: castlist.Character) -> castlist.Video:
        return self.client.videos.create(PROMPT, model=model, characters=[who], **ASKED).wait(timeout=120)

    def seen(self, provider: str) -> Seen:
        return POSTS[provider].see(self.upstreams[provider])


def entry(group: str, post: Post, url: str) -> dict[str, object]:
    return {"model_name": group, "litellm_params": {"model": post.model, "api_base": url + post.path, "api_key": post.key}}


def start(folder, upstreams: dict[str, Emulator]) -> Served:
    """A gateway with a model a provider; `hero`, which the first upstream makes and otherwise gemini; and `relay`, where nobody listens at
    the first address."""
    models = [entry(name, post, upstreams[name].base_url) for name, post in POSTS.items()]
    hero = [entry("hero", POSTS["openai"], upstreams["first"].base_url), entry("hero", POSTS["gemini"], upstreams["gemini"].base_url)]
    relay = [entry("relay", POSTS["runwayml"], NOBODY), entry("relay", POSTS["xai"], upstreams["xai"].base_url)]
    for pair in (hero, relay):
        for order, each in enumerate(pair, start=1):
            each["litellm_params"]["order"] = order
    models += hero + relay
    config = {"model_list": models, "castlist": {"max_spend_per_day": "unlimited"}}
    (folder / "config.yaml").write_text(json.dumps(config))
    return start_server(folder / "data", "--config", str(folder / "config.yaml"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("mission")
    paths = {
        name: mascot_clip(folder / f"{name}.mp4", 3.5, size=(640, 360), mascots=(who,))
        for name, who in {"luna": LUNA, "twin": TWIN}.items()
    }
    with ExitStack() as stack, ExitStack() as first:
        upstreams = {name: stack.enter_context(serve(post.make())) for name, post in POSTS.items()}
        upstreams["first"] = first.enter_context(serve(POSTS["openai"].make()))
        served = start(folder, upstreams)
        stack.callback(stop_server, served)
        client = stack.enter_context(castlist.Client(served.url, api_key=(served.data / "master.key").read_text().strip()))
        luna, twin = (client.characters.create("Luna", path) for path in paths.values())
        yield World(client, upstreams, luna, twin, {name: watch(path) for name, path in paths.items()}, first.close)


@pytest.mark.parametrize("post", POSTS.values(), ids=POSTS)
def test_the_one_character_reaches_each_provider_in_its_best_form_there(world: World, post: Post):
    video = world.render(post.name, world.luna)
    seen = world.seen(post.name)

    assert (video.status, video.provider, video.error) == ("completed", post.name, None)
    assert [(who.id, who.name, who.fidelity) for who in video.cast] == [(world.luna.id, "Luna", post.fidelity)]
    assert (len(seen.stills), len(seen.clips)) == (post.stills, 1 if post.clip else 0)
    assert all(watch(clip).seconds <= post.clip for clip in seen.clips)
    assert post.tag in seen.prompt
    assert seen.complaints(world.clips["luna"]) == []
    assert len(seen.complaints(world.clips["twin"])) == len(seen.stills) + len(seen.clips)
    assert world.client.videos.content(video)[4:8] == b"ftyp"


@pytest.mark.parametrize("post", POSTS.values(), ids=POSTS)
def test_a_run_with_another_character_is_told_from_it(world: World, post: Post):
    video = world.render(post.name, world.twin)
    seen = world.seen(post.name)

    assert (video.status, video.cast[0].id) == ("completed", world.twin.id)
    assert len(seen.complaints(world.clips["luna"])) == len(seen.stills) + len(seen.clips) > 0
    assert seen.complaints(world.clips["twin"]) == []


def test_when_the_first_provider_is_gone_the_same_request_completes_on_another(world: World):
    before = world.render("hero", world.luna)
    world.shut_first()

    after = world.render("hero", world.luna)
    unknown_there = world.render("hero", world.twin)

    assert (before.status, before.provider) == ("completed", "openai")
    assert POSTS["openai"].see(world.upstreams["first"]).complaints(world.clips["luna"]) == []
    assert (after.status, after.provider, after.error) == ("completed", "gemini", None)
    assert [who.id for who in after.cast] == [world.luna.id]
    assert world.seen("gemini").complaints(world.clips["twin"]) == []
    assert (unknown_there.status, unknown_there.provider) == ("completed", "gemini")


def test_where_no_file_can_be_uploaded_the_request_completes_on_another(world: World):
    video = world.render("relay", world.luna)

    assert (video.status, video.provider) == ("completed", "xai")
    assert world.seen("xai").complaints(world.clips["luna"]) == []
