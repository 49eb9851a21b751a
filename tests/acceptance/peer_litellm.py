"""LiteLLM's own video functions against a Castlist server: run with its interpreter, prints what came of it as JSON."""

import asyncio
import json
import sys
from pathlib import Path
from typing import BinaryIO

import litellm

base, clip, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
server = {"api_base": f"{base}/v1", "api_key": "any", "custom_llm_provider": "openai"}


async def walk(file: BinaryIO) -> dict[str, object]:
    luna = await litellm.avideo_create_character(name="Luna", video=file, **server)
    again = await litellm.avideo_get_character(character_id=luna.id, **server)
    video = await litellm.avideo_generation(
        model="openai/sora-2",
        prompt="Luna dances in a forest",
        seconds="1",
        size="320x180",
        extra_body={"characters": [{"id": luna.id}]},
        api_base=server["api_base"],
        api_key="any",
    )
    video = await wait(video)
    (out / "scene.mp4").write_bytes(await litellm.avideo_content(video_id=video.id, **server))
    listed = await litellm.avideo_list(**server)
    edited = await wait(await litellm.avideo_edit(video_id=video.id, prompt="Warm golden light", **server))
    extended = await wait(await litellm.avideo_extension(video_id=video.id, prompt="Luna waves", seconds="1", **server))
    remixed = await wait(await litellm.avideo_remix(video_id=video.id, prompt="Luna at noon", **server))
    (out / "extended.mp4").write_bytes(await litellm.avideo_content(video_id=extended.id, **server))
    return {
        "name": again.name,
        "statuses": [each.status for each in (video, edited, extended, remixed)],
        "listed": len(listed),
        "seconds": extended.seconds,
    }


async def wait(video: object) -> object:
    while video.status in {"queued", "in_progress"}:
        await asyncio.sleep(0.2)
        video = await litellm.avideo_status(video_id=video.id, **server)
    return video


with clip.open("rb") as opened:
    sys.stdout.write(json.dumps(asyncio.run(walk(opened))))
