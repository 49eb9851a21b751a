"""OpenAI's own Python client, sync and async, against a real socket."""

import asyncio
import io

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from server.conftest import KEY, Server
from server.finished import VIDEO_BYTES, add_character, add_finished


@pytest.fixture
def client(server: Server) -> OpenAI:
    return OpenAI(base_url=f"{server.base}/v1", api_key=KEY, max_retries=0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_methods_of_the_sync_client(server: Server, client: OpenAI) -> None:
    mossy = add_character(server, "Mossy")
    video = client.videos.create(
        prompt="Mossy waves", model="stuck", seconds="8", size="1280x720", extra_body={"characters": [{"id": mossy}]}
    )
    source = add_finished(server, model="drawn")

    assert client.videos.retrieve(video.id).id == video.id
    assert server.operation(video.id).characters == (mossy,)
    assert client.videos.list(limit=1).data[0].id == source
    assert client.videos.poll(source).status == "completed"
    assert client.videos.remix(source, prompt="In a market").remixed_from_video_id == source
    assert client.videos.edit(prompt="At dusk", video=openai.omit, extra_body={"video": {"id": source}}).id
    assert client.videos.extend(prompt="On", seconds="4", video=openai.omit, extra_body={"video": {"id": source}}).seconds == "8"
    assert client.videos.download_content(source).read() == VIDEO_BYTES
    assert client.videos.download_content(source, variant="thumbnail").read()
    assert client.videos.get_character(mossy).name == "Mossy"
    assert client.videos.delete(video.id).deleted


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_errors_reach_the_client_with_code_and_param(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.videos.create(prompt=" ")
    assert (caught.value.code, caught.value.param) == ("invalid_prompt", "prompt")
    with pytest.raises(openai.BadRequestError) as refused:
        client.videos.create_character(name="Mossy", video=("a.mp4", io.BytesIO(b"text"), "video/mp4"))
    assert refused.value.param == "video"
    with pytest.raises(openai.NotFoundError) as missing:
        client.videos.retrieve("video_none")
    assert missing.value.code == "video_not_found"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_async_client(server: Server) -> None:
    mossy, source = add_character(server, "Mossy"), add_finished(server)

    async def use() -> None:
        async with AsyncOpenAI(base_url=f"{server.base}/v1", api_key=KEY, max_retries=0) as client:
            video = await client.videos.create(prompt="Mossy waves", model="stuck", extra_body={"characters": [{"id": mossy}]})
            assert (await client.videos.retrieve(video.id)).status in {"queued", "in_progress"}
            assert (await client.videos.download_content(source)).content == VIDEO_BYTES
            page = await client.videos.list(limit=2)
            assert page.has_next_page()
            assert (await client.videos.delete(video.id)).deleted

    asyncio.run(use())
