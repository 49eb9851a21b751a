"""OpenAI's own Python client against `castlist serve`: every video method, blocking and not."""

import asyncio
from collections.abc import Iterator

import openai
import pytest

from acceptance.conftest import Served
from acceptance.watching import watch
from castlist import samples

SMALL = {"seconds": "1", "size": "320x180"}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the methods are deprecated by their maker, which is the point


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def luna(client: openai.OpenAI) -> str:
    with samples.path("luna").open("rb") as clip:
        made = client.videos.create_character(name="Luna", video=clip)
    assert made.name == "Luna"
    return made.id


@pytest.fixture(scope="module")
def scene(client: openai.OpenAI, luna: str) -> openai.types.Video:
    video = client.videos.create_and_poll(
        model="sora-2", prompt="Luna dances in a forest", extra_body={"characters": [{"id": luna}]}, **SMALL
    )
    assert video.status == "completed"
    return video


def assert_cast(video: openai.types.Video) -> None:
    assert [who["name"] for who in video.castlist["cast"]] == ["Luna"]


def test_a_character_is_found_again(client, luna):
    assert client.videos.get_character(luna).id == luna


def test_what_is_created_can_be_watched(client, scene):
    assert_cast(scene)
    seen = watch(client.videos.download_content(scene.id).read())

    assert (seen.size, seen.frames) == ((320, 180), 24)
    assert seen.shows_luna


def test_the_answers_fit_the_maker_s_own_types(client, scene):
    retrieved = client.videos.retrieve(scene.id)

    assert set(retrieved.model_extra or {}) == {"castlist"}
    assert (retrieved.id, retrieved.seconds, retrieved.progress, retrieved.error) == (scene.id, "1", 100, None)
    assert client.videos.poll(scene.id).status == "completed"


@pytest.mark.parametrize(("variant", "starts"), [("video", b"ftyp"), ("thumbnail", b"WEBP"), ("spritesheet", b"\xff\xd8\xff")])
def test_each_variant_downloads(client, scene, variant, starts):
    assert starts in client.videos.download_content(scene.id, variant=variant).read()[:16]


def test_a_list_is_paged(client, luna, scene):
    more = [client.videos.create(model="sora-2", prompt="Nobody", **SMALL) for _ in range(2)]

    ids = [video.id for video in client.videos.list(limit=1)]

    assert ids[:2] == [more[1].id, more[0].id]
    assert scene.id in ids
    assert len(ids) == len(set(ids))
    for video in more:
        assert client.videos.delete(video.id).deleted


def test_a_deleted_video_is_gone(client):
    video = client.videos.create(model="sora-2", prompt="Nobody", **SMALL)

    assert client.videos.delete(video.id).object == "video.deleted"
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


def test_an_edit_keeps_the_cast(client, scene):
    edited = client.videos.edit(video=openai.omit, prompt="Warm golden light", extra_body={"video": {"id": scene.id}})

    edited = client.videos.poll(edited.id)
    assert edited.status == "completed", edited.error
    assert_cast(edited)
    assert watch(client.videos.download_content(edited.id).read()).shows_luna


def test_an_extension_is_the_stitched_whole(client, scene):
    extended = client.videos.extend(video=openai.omit, prompt="Luna waves", seconds="1", extra_body={"video": {"id": scene.id}})

    extended = client.videos.poll(extended.id)
    assert (extended.status, extended.seconds) == ("completed", "2")
    assert_cast(extended)
    assert watch(client.videos.download_content(extended.id).read()).frames == 48


@pytest.mark.slow
def test_an_uploaded_video_is_edited(client, scene):
    content = client.videos.download_content(scene.id).read()

    edited = client.videos.edit(video=("scene.mp4", content, "video/mp4"), prompt="Cool blues")

    assert client.videos.poll(edited.id).status == "completed"


def test_a_remix_keeps_the_cast(client, scene):
    remixed = client.videos.remix(scene.id, prompt="Luna on a beach at noon")

    remixed = client.videos.poll(remixed.id)
    assert remixed.remixed_from_video_id == scene.id
    assert_cast(remixed)
    assert watch(client.videos.download_content(remixed.id).read()).shows_luna


@pytest.mark.slow
def test_a_reference_may_come_along(client, luna, scene):
    still = client.videos.download_content(scene.id, variant="thumbnail").read()

    video = client.videos.create_and_poll(
        model="sora-2",
        prompt="Luna looks around",
        input_reference=("still.webp", still, "image/webp"),
        extra_body={"characters": [{"id": luna}]},
        **SMALL,
    )

    assert video.status == "completed"
    assert_cast(video)


def test_a_refusal_is_one_of_its_own_errors(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.videos.create(model="sora-2", prompt="Luna", seconds="0")

    assert (caught.value.code, caught.value.param) == ("invalid_seconds", "seconds")


@pytest.mark.slow
def test_the_asynchronous_client_does_all_of_it(served, luna):
    async def walk() -> None:
        async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="any", max_retries=0) as client:
            assert (await client.videos.get_character(luna)).name == "Luna"
            extra = {"characters": [{"id": luna}]}
            video = await client.videos.create_and_poll(model="sora-2", prompt="Luna at noon", extra_body=extra, **SMALL)
            assert_cast(video)
            content = await client.videos.download_content(video.id)
            assert watch(await content.aread()).shows_luna
            assert video.id in [each.id async for each in client.videos.list(limit=1)]
            source = {"video": {"id": video.id}}
            follow_ups = [
                await client.videos.edit(video=openai.omit, prompt="Golden", extra_body=source),
                await client.videos.extend(video=openai.omit, prompt="Luna waves", seconds="1", extra_body=source),
                await client.videos.remix(video.id, prompt="Luna at night"),
            ]
            ended = [await client.videos.poll(each.id) for each in follow_ups]
            assert [each.status for each in ended] == ["completed"] * 3
            assert (await client.videos.retrieve(ended[1].id)).seconds == "2"
            assert (await client.videos.delete(video.id)).deleted

    asyncio.run(walk())


@pytest.mark.slow
def test_the_asynchronous_client_creates_characters(served):
    async def create() -> str | None:
        async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="any", max_retries=0) as client:
            content = samples.path("mossy").read_bytes()
            return (await client.videos.create_character(name="Mossy", video=("mossy.mp4", content, "video/mp4"))).name

    assert asyncio.run(create()) == "Mossy"
