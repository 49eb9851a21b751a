"""Jobs, characters and a clock for the tests of the storage."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from castlist.model.characters import CastMember, Character, CharacterState, Clip, Fidelity, Note
from castlist.model.ids import make_id
from castlist.model.jobs import Attempt, AttemptState, Cost, CostState, Failure, Job, Result, State
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, Operation, RemixVideo, Size, Source, Wishes
from castlist.storage import Storage, StoredAsset

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HD = Size(1280, 720)


class Watch:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def wall() -> datetime:
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    return make_id(prefix, milliseconds=int(wall().timestamp() * 1000), random=os.urandom)


def create(*characters: str, reference: str | None = None) -> CreateVideo:
    return CreateVideo("Mossy dances", "sora-2", 4, HD, characters=characters, reference=reference)


def extend(asset: str, *, video: str | None) -> ExtendVideo:
    return ExtendVideo("and on", "sora-2", 4, Source(asset, 4.0, HD, video))


def a_job(operation: Operation | None = None, *, project: str = "default", at: datetime = NOON, **fields: object) -> Job:
    return replace(Job(new_id("video"), project, operation or create(), State.QUEUED, at, at), **fields)


def an_attempt(job: Job, number: int = 1, **fields: object) -> Attempt:
    attempt = Attempt(
        id=new_id("att"),
        job=job.id,
        number=number,
        deployment="d1",
        provider="animatic",
        account="animatic",
        provider_model="animatic",
        state=AttemptState.INTENT,
        reference=f"{job.id}-{number}",
        reason="first choice",
        started_at=NOON,
    )
    return replace(attempt, **fields)


def a_character(name: str = "Mossy", *, project: str = "default", at: datetime = NOON, **fields: object) -> Character:
    return replace(Character(new_id("char"), project, name, "a green mascot", CharacterState.PREPARING, at, f"digest of {name}"), **fields)


def everything() -> tuple[Job, Attempt, Character]:
    """Values with every field set to something else than its default."""
    note = Note("odd_aspect", "the clip is square\x00 🦊", "video", 1.0, [16, 9])
    member = CastMember("char_1", "Mossy", Fidelity.REFERENCE, "h", {"video": "asset_1"}, {"box": [1, 2, 3, 4], "separable": True}, "green")
    source = Source("asset_2", 4.5, HD, "video_0")
    wishes = Wishes(True, True, {"animatic": {"mood": "calm", "n": 3}}, {"k": "v"})
    job = a_job(
        RemixVideo("again \u202e", "sora-2", source, ("char_1",), 7, wishes),
        state=State.SUCCEEDED,
        progress=100,
        deployment="d1",
        provider="animatic",
        provider_model="animatic",
        cast=(member,),
        warnings=(note,),
        error=Failure("code", "message"),
        cost=Cost(5, "EUR", CostState.BILLED),
        result=Result("a", "b", "c", 8.5, 1280, 720),
        attempt="att_1",
        tried=("d0",),
        waiting="for room",
        cancel_requested=True,
        completed_at=NOON,
        expires_at=NOON + timedelta(microseconds=1),
        deleted_at=NOON,
        revision=3,
    )
    attempt = an_attempt(
        job,
        state=AttemptState.TICKETED,
        ticket={"id": "x", "deep": [{"a": None}]},
        ended_at=NOON,
        error=Failure("c", "m"),
        cost=Cost(1, "USD", CostState.UNKNOWN),
    )
    character = a_character(
        state=CharacterState.READY,
        clip=Clip(3.0, 1280, 720, 23.976, 1000, "ab" * 32),
        assets={"video": "asset_1"},
        facts={"box": [0.1, 0.2], "separable": True},
        advice=(note,),
        metadata={"a": "b"},
        range=(0.5, 3.25),
        source_kind="image",
        error="none",
    )
    return job, attempt, character


OPERATIONS = (
    create("char_1", reference="asset_1"),
    EditVideo("darker", "sora-2", Source("asset_1", 4.0, HD)),
    extend("asset_1", video="video_1"),
    RemixVideo("again", "sora-2", Source("asset_1", 4.0, HD, "video_1"), seed=0),
)


async def store(storage: Storage, folder: Path, *, content: bytes = b"bytes") -> StoredAsset:
    """An asset whose row is not written."""
    path = folder / new_id("file")
    path.write_bytes(content)
    return await storage.assets.put(path, project="default", media_type="video/mp4")


async def held(storage: Storage, job: Job) -> Job:
    """The job, added and claimed by this process."""
    await storage.jobs.add(job)
    claimed = {found.id: found for found in await storage.jobs.claim(deployments=["d1"], limit=1000, lease=30)}
    return claimed[job.id]
