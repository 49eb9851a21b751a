"""`castlist.Router` with LiteLLM's words, as the guides to video characters use its functions."""

import asyncio

import pytest

import castlist
from castlist import Router, samples
from castlist.errors import ConfigError

LUNA = samples.path("luna.mp4")


def an_entry(id, *, model="sora-2", target="fake/instant", **params):
    return {"model_name": model, "litellm_params": {"model": target, **params}, "model_info": {"id": id, "mode": "video_generation"}}


@pytest.fixture
def router(tmp_path):
    entries = [an_entry("east"), an_entry("west"), an_entry("spare", model="sora-2-pro")]
    return Router(model_list=entries, data=tmp_path, fallbacks=[{"sora-2": ["sora-2-pro"]}], num_retries=2)


def test_the_guides_workflow_runs_on_several_deployments(router):
    async def create_branded_series():
        with LUNA.open("rb") as clip:
            character = await router.avideo_create_character(name="Luna", video=clip, custom_llm_provider="openai", model="sora-2")
        video = await router.avideo(
            model="sora-2", prompt="Luna dances through a magical forest.", characters=[{"id": character.id}], seconds="8"
        )
        scene = await router.avideo_wait(video.id)
        fetched = await router.avideo_get_character(character_id=character.id, custom_llm_provider="openai")
        edited = await router.avideo_edit(video_id=scene.id, prompt="Add warm golden lighting")
        extended = await router.avideo_extension(video_id=scene.id, prompt="Luna waves goodbye", seconds="5")
        return scene, fetched, await router.avideo_wait(edited.id), await router.avideo_wait(extended.id)

    scene, fetched, edited, extended = asyncio.run(create_branded_series())

    assert fetched.name == "Luna"
    assert scene.deployment in {"east", "west"}
    assert [video.status for video in (scene, edited, extended)] == ["completed"] * 3
    assert {edited.deployment, extended.deployment} == {scene.deployment}
    assert scene.attempts[0].reason == "the lot fell on it, with weight 1"


def test_the_same_without_async(router):
    video = router.video_wait(router.video_generation(model="sora-2", prompt="a quiet street", seconds="4").id)

    assert video.status == "completed"
    assert router.video_status(video.id).id == video.id
    assert router.video_content(video.id)[4:8] == b"ftyp"
    assert [each.id for each in router.video_list()] == [video.id]
    assert router.video_delete(video.id).deleted
    assert router.video_list() == []


def test_target_model_names_make_the_character_ready_for_all_deployments_behind_them(tmp_path):
    entries = [
        an_entry(f"d{n}", model="sora-2" if n < 2 else "sora-2-pro") | {"account": f"d{n}", "settings": {"binds": "1"}} for n in range(3)
    ]
    router = Router(model_list=entries, data=tmp_path)

    async def bind():
        character = await router.avideo_create_character("Luna", LUNA, target_model_names="sora-2, sora-2-pro")
        async with asyncio.timeout(60):
            while [each.state for each in character.bindings] != ["ready"] * 3:
                await asyncio.sleep(0.1)
                character = await router.avideo_get_character(character.id)
        return character.bindings

    assert sorted(binding.account for binding in asyncio.run(bind())) == ["d0", "d1", "d2"]


def test_two_routers_on_one_folder_serve_each_its_own_models(tmp_path):
    first = Router(model_list=[an_entry("a", model="mine")], data=tmp_path)
    second = Router(model_list=[an_entry("b", model="theirs")], data=tmp_path)

    videos = [(first, first.video("one", "mine")), (second, second.video("two", "theirs"))]

    assert [router.video_wait(video.id).deployment for router, video in videos] == ["a", "b"]
    with pytest.raises(castlist.NotFound, match="mine"):
        second.video("three", "mine")


@pytest.mark.parametrize(
    ("rules", "entry", "told"),
    [
        ({"routing_strategy": "least-bussy"}, {}, "did you mean 'least-busy'"),
        ({}, {"weight": -1}, "weight must be a number of at least 0, not -1"),
        ({"fallbacks": [{"sora-2": ["nobody"]}]}, {}, "there is no model 'nobody' here"),
    ],
)
def test_mistakes_are_told_at_once(tmp_path, rules, entry, told):
    with pytest.raises(ConfigError, match=told) as wrong:
        Router(model_list=[an_entry("a", **entry)], data=tmp_path, **rules)

    assert str(wrong.value).startswith("castlist.Router:")


def test_a_list_is_read_as_the_values_it_holds(tmp_path):
    router = Router(model_list=[an_entry("a\u2028b \x7f", output_cost_per_second=0.00005)], data=tmp_path)

    video = router.video_wait(router.video("one", "sora-2", seconds="4").id)

    assert video.deployment == "a\u2028b \x7f"


def test_a_word_that_no_router_has_is_refused(tmp_path):
    with pytest.raises(TypeError, match="did you mean 'num_retries'"):
        Router(model_list=[an_entry("a")], data=tmp_path, num_retry=2)


def test_a_routers_calls_name_no_server(router):
    with pytest.raises(TypeError, match="its own gateway"):
        router.video("one", "sora-2", api_base="http://localhost:4000")
