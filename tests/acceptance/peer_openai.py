"""An older OpenAI client against a Castlist server: run with its interpreter, prints what came of it as JSON."""

import asyncio
import json
import sys
from pathlib import Path

import openai

base, clip, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
SMALL = {"seconds": "1", "size": "320x180"}


def walk() -> dict[str, object]:
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="any", max_retries=0)
    with clip.open("rb") as file:
        luna = client.videos.create_character(name="Luna", video=file)
    extra = {"characters": [{"id": luna.id}]}
    scene = client.videos.create_and_poll(model="sora-2", prompt="Luna dances in a forest", extra_body=extra, **SMALL)
    (out / "scene.mp4").write_bytes(client.videos.download_content(scene.id).read())
    for variant in ("thumbnail", "spritesheet"):
        assert client.videos.download_content(scene.id, variant=variant).read()
    source = {"video": {"id": scene.id}}
    follow_ups = [
        client.videos.edit(video=openai.omit, prompt="Warm golden light", extra_body=source),
        client.videos.extend(video=openai.omit, prompt="Luna waves", seconds="1", extra_body=source),
        client.videos.remix(scene.id, prompt="Luna at noon"),
    ]
    ended = [client.videos.poll(each.id) for each in follow_ups]
    (out / "extended.mp4").write_bytes(client.videos.download_content(ended[1].id).read())
    listed = [video.id for video in client.videos.list(limit=1)]
    deleted = client.videos.delete(ended[0].id)
    assert deleted.deleted
    return {
        "version": openai.__version__,
        "name": client.videos.get_character(luna.id).name,
        "statuses": [each.status for each in (client.videos.retrieve(scene.id), *ended)],
        "listed": len(listed),
        "seconds": ended[1].seconds,
    }


async def walk_async() -> str:
    async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="any", max_retries=0) as client:
        video = await client.videos.create_and_poll(model="sora-2", prompt="Nobody", **SMALL)
        assert [each.id async for each in client.videos.list(limit=1)]
        return video.status


sys.stdout.write(json.dumps({**walk(), "async": asyncio.run(walk_async())}))
