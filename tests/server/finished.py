"""Rows as they are when the work is done, for tests of what the server makes of them."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from castlist.model.characters import CastMember, Character, CharacterState, Clip, Fidelity, Subject
from castlist.model.ids import make_id
from castlist.model.jobs import Job, Result, State
from castlist.model.operations import CreateVideo, Size, Wishes
from castlist.storage import StoredAsset
from server.conftest import Server

VIDEO_BYTES = bytes(range(256)) * 4096 + b"end"


def new_id(prefix: str) -> str:
    return make_id(prefix, milliseconds=int(datetime.now(UTC).timestamp() * 1000), random=os.urandom)


async def _store(server: Server, content: bytes, media_type: str) -> StoredAsset:
    path: Path = server.gateway.storage.scratch / new_id("file")
    await asyncio.to_thread(path.write_bytes, content)
    try:
        asset = await server.gateway.storage.assets.put(path, project="default", media_type=media_type)
        await server.gateway.storage.assets.add(asset)
        return asset
    finally:
        await asyncio.to_thread(path.unlink, True)


async def _finish(server: Server, model: str, prompt: str) -> str:
    video = await _store(server, VIDEO_BYTES, "video/mp4")
    thumbnail = await _store(server, b"RIFF-thumbnail", "image/webp")
    sheet = await _store(server, b"\xff\xd8-sheet", "image/jpeg")
    now = datetime.now(UTC)
    job = Job(
        id=new_id("video"),
        project="default",
        operation=CreateVideo(prompt, model, seconds=4, size=Size(1280, 720), wishes=Wishes(metadata={"k": "v"})),
        state=State.SUCCEEDED,
        created_at=now,
        due_at=now,
        progress=100,
        deployment="d",
        provider="fake",
        provider_model="instant",
        cast=(CastMember("char_x", "Mossy", Fidelity.REFERENCE),),
        result=Result(video.id, thumbnail.id, sheet.id, seconds=4.0, width=1280, height=720),
        completed_at=now,
    )
    await server.gateway.storage.jobs.add(job)
    return job.id


def add_finished(server: Server, *, model: str = "sora-2", prompt: str = "A lamp, lit") -> str:
    """The id of a completed video whose bytes are VIDEO_BYTES."""
    return asyncio.run_coroutine_threadsafe(_finish(server, model, prompt), server.loop).result(20)


async def _add_character(server: Server, name: str, subject: Subject | None) -> str:
    clip = await _store(server, VIDEO_BYTES, "video/mp4")
    still = await _store(server, b"\xff\xd8-still", "image/jpeg")
    character = Character(
        id=new_id("char"),
        project="default",
        name=name,
        description="",
        state=CharacterState.READY,
        created_at=datetime.now(UTC),
        digest=os.urandom(8).hex(),
        clip=Clip(3.0, 1280, 720, 24.0, len(VIDEO_BYTES), clip.sha256),
        assets={"video": clip.id, "still-0": still.id, "source-0": clip.id} | ({"still-1": still.id} if subject else {}),
        subject=subject,
    )
    await server.gateway.storage.characters.add(character)
    return character.id


def add_character(server: Server, name: str, *, subject: Subject | None = None) -> str:
    """The id of a ready character; of a second still and a `subject`, where one is named."""
    return asyncio.run_coroutine_threadsafe(_add_character(server, name, subject), server.loop).result(20)
