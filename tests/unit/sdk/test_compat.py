"""LiteLLM's names: their arguments, what they send, and what they return."""

import asyncio
import inspect

import pytest

import castlist

PAIRS = (
    "video_create_character", "video_get_character", "video", "video_generation", "video_edit", "video_extension", "video_status",
    "video_content", "video_list", "video_remix", "video_delete", "video_wait", "video_cancel",
)  # fmt: skip
VIDEO = {"id": "video_1", "object": "video", "model": "sora-2", "status": "completed", "progress": 100, "created_at": 1}
CHARACTER = {"id": "char_1", "object": "character", "name": "Luna", "created_at": 5}
MODELS = {"object": "list", "data": [{"id": "sora-2", "object": "model", "owned_by": "animatic"}]}


@pytest.mark.parametrize("name", PAIRS)
def test_every_name_has_a_twin(name):
    blocking, waiting = getattr(castlist, name), getattr(castlist, f"a{name}")

    assert not inspect.iscoroutinefunction(blocking)
    assert inspect.iscoroutinefunction(waiting)
    assert list(inspect.signature(blocking).parameters) == list(inspect.signature(waiting).parameters)
    assert {name, f"a{name}"} <= set(castlist.__all__)
    assert blocking.__doc__


def test_all_that_is_promised_is_there():
    assert {name for name in castlist.__all__ if not hasattr(castlist, name)} == set()
    assert not hasattr(castlist, "video_nothing")


@pytest.mark.parametrize("name", PAIRS)
def test_an_unknown_argument_is_refused_with_the_nearest_name(name):
    required = {"name": "Luna", "video": b"", "character_id": "x", "prompt": "x", "video_id": "x", "seconds": "4"}
    known = inspect.signature(getattr(castlist, name)).parameters
    given = {key: value for key, value in required.items() if key in known and known[key].kind is not inspect.Parameter.VAR_KEYWORD}

    with pytest.raises(TypeError, match="custom_llm_provider"):
        getattr(castlist, name)(**given, custom_llm_providr="openai")
    with pytest.raises(TypeError, match="custom_llm_provider"):
        asyncio.run(getattr(castlist, f"a{name}")(**given, custom_llm_providr="openai"))


@pytest.mark.parametrize("wrong", ["promt", "prompts", "modle"])
def test_the_nearest_name_may_be_one_that_is_missing(wrong):
    meant = "model" if wrong == "modle" else "prompt"

    with pytest.raises(TypeError, match=f"no argument '{wrong}'; did you mean '{meant}'"):
        castlist.video(**{wrong: "x"})
    with pytest.raises(TypeError, match=f"no argument '{wrong}'; did you mean '{meant}'"):
        castlist.Client(base_url="http://127.0.0.1:9").videos.create(**{wrong: "x"})


def test_the_asynchronous_functions_are_known_as_such():
    assert inspect.iscoroutinefunction(castlist.avideo)
    assert not inspect.iscoroutinefunction(castlist.video)


def test_litellm_s_arguments_go_where_they_belong(script):
    script.say(VIDEO)

    video = castlist.video(
        prompt="Luna",
        model="sora-2",
        characters=[{"id": "char_1"}],
        seconds="8",
        size="1280x720",
        user="me",
        timeout=30,
        custom_llm_provider="openai",
        extra_headers={"X-Mine": "1"},
        extra_query={"q": "2"},
        extra_body={"seed": 5},
        api_base=script.url,
        api_key="sk-2",
    )

    asked = script.asked[0]
    assert video.id == "video_1"
    assert asked.path == "/v1/videos?q=2"
    assert (asked.headers["x-mine"], asked.headers["authorization"]) == ("1", "Bearer sk-2")
    assert asked.json == {
        "prompt": "Luna",
        "model": "sora-2",
        "characters": [{"id": "char_1"}],
        "seconds": "8",
        "size": "1280x720",
        "custom_llm_provider": "openai",
        "seed": 5,
    }


def test_the_reference_has_litellm_s_name(script, tmp_path):
    script.say(VIDEO)
    (tmp_path / "a.png").write_bytes(b"picture")

    with (tmp_path / "a.png").open("rb") as file:
        castlist.video("Luna", input_reference=file, api_base=script.url)

    assert b'name="input_reference"; filename="a.png"' in script.asked[0].body


def test_a_character_carries_its_provider_s_name_to_the_server(script):
    script.say(CHARACTER)

    luna = castlist.video_create_character(
        name="Luna", video=("luna.mp4", b"clip", "video/mp4"), custom_llm_provider="openai", model="sora-2", api_base=script.url
    )

    assert (luna.id, luna.name, luna.created_at) == ("char_1", "Luna", 5)
    assert b'name="custom_llm_provider"\r\n\r\nopenai' in script.asked[0].body
    assert b'name="model"\r\n\r\nsora-2' in script.asked[0].body


def test_a_known_provider_never_hides_a_character(script):
    script.say(CHARACTER)

    assert castlist.video_get_character("char_1", custom_llm_provider="azure", api_base=script.url).name == "Luna"
    assert [asked.path for asked in script.asked] == ["/v1/videos/characters/char_1"]


@pytest.mark.parametrize("wrong", [{"custom_llm_provider": "opnai"}, {"model": "sora-3"}, {"custom_llm_provider": "kling"}])
def test_a_name_that_nobody_knows_is_refused(script, wrong):
    script.say(MODELS)

    with pytest.raises((castlist.InvalidRequest, castlist.NotFound), match=next(iter(wrong.values()))) as caught:
        castlist.video_get_character("char_1", **wrong, api_base=script.url)

    assert caught.value.param == next(iter(wrong))
    assert [asked.path for asked in script.asked] == ["/v1/models"]


@pytest.mark.parametrize("model", ["sora-2", "openai/sora-2"])
def test_a_model_of_the_server_or_of_a_known_vendor_is_taken(script, model):
    script.say(MODELS)
    script.say(CHARACTER)

    assert castlist.video_get_character("char_1", model=model, api_base=script.url).id == "char_1"


def test_the_content_is_bytes(script):
    script.send(b"moving pictures")

    assert castlist.video_content("video_1", variant="thumbnail", api_base=script.url) == b"moving pictures"
    assert script.asked[0].path == "/v1/videos/video_1/content?variant=thumbnail"


def test_a_list_is_a_list(script):
    script.say({"object": "list", "data": [VIDEO], "has_more": True})

    videos = castlist.video_list(limit=1, after="video_0", order="asc", api_base=script.url)

    assert [video.id for video in videos] == ["video_1"]
    assert script.asked[0].path == "/v1/videos?limit=1&after=video_0&order=asc"


def test_an_extension_takes_its_length_in_third_place(script):
    script.say(VIDEO)

    castlist.video_extension("video_1", "on", "6", api_base=script.url)

    assert script.asked[0].json == {"prompt": "on", "seconds": "6", "video": {"id": "video_1"}}


def test_an_edit_may_bring_its_own_video(script, tmp_path):
    script.say(VIDEO)
    (tmp_path / "a.mp4").write_bytes(b"clip")

    castlist.video_edit(prompt="warmer", video=str(tmp_path / "a.mp4"), api_base=script.url)

    assert b'name="video"; filename="a.mp4"' in script.asked[0].body
    with pytest.raises(TypeError, match="video_id"):
        castlist.video_edit(prompt="warmer", api_base=script.url)


def test_the_blocking_functions_work_inside_a_running_loop(script):
    script.say(VIDEO)

    async def inside() -> tuple[str, str]:
        waiting = await castlist.avideo_status("video_1", api_base=script.url)
        return castlist.video_status("video_1", api_base=script.url).status, waiting.status

    assert asyncio.run(inside()) == ("completed", "completed")


def test_the_waiting_functions_work_in_one_loop_after_another(script):
    script.say(VIDEO)

    videos = [asyncio.run(castlist.avideo_status("video_1", api_base=script.url)) for _ in range(2)]

    async def again() -> str:
        return (await videos[0].refresh()).status

    assert asyncio.run(again()) == "completed"
