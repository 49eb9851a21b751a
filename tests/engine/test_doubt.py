"""The storage goes away while something is handed over to its owner: what has one stays, and what surely has none goes."""

from dataclasses import replace

import pytest

from castlist import samples
from castlist.errors import StorageFull
from castlist.model.jobs import State
from castlist.testing.fake import FakeProvider
from engine.conftest import ME
from engine.failing import Failing
from engine.test_trouble import put_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def blobs(s):
    return {path.name.split(".")[0] for path in (s.gateway.storage.folder / "assets").rglob("*") if path.is_file()}


async def test_a_video_whose_commit_was_never_answered_keeps_its_bytes(stage):
    async with stage("hero: fake/instant") as s:
        database = Failing(s.gateway.storage.jobs, "finish", done=True)
        ended = await s.end(await s.create(model="hero"))
        await s.gateway.worker.until_idle()
        asset = await s.engine.video_asset(ME, ended.job.id, "video")
        content = await s.gateway.storage.assets.read(asset.id)

    assert (ended.job.state, database.failed, len(content)) == (State.SUCCEEDED, 1, asset.bytes)


async def test_a_result_that_the_database_had_no_room_for_leaves_nothing(stage):
    async with stage("hero: fake/instant") as s:
        database = Failing(s.gateway.storage.jobs, "finish", error=StorageFull)
        ended = await s.end(await s.create(model="hero"))
        left = blobs(s)

    assert (ended.job.state, database.failed) == (State.SUCCEEDED, 1)
    assert left == {ended.job.result.video, ended.job.result.thumbnail, ended.job.result.spritesheet}


async def test_an_upload_that_cannot_be_removed_now_keeps_nobody_from_what_was_made_of_it(stage):
    async with stage("hero: fake/instant") as s:
        database = Failing(s.gateway.storage.assets, "delete", times=9)
        ended = await s.end(await s.follow("edit", s.incoming(samples.path("luna.mp4")), model="hero"))
        source = ended.job.operation.source
        content = await s.gateway.storage.assets.read(source.asset)

    assert (ended.job.state, database.failed, source.raw) == (State.SUCCEEDED, 1, False)
    assert content


class Arming(FakeProvider):
    """Has the database go away after its first answer."""

    database: Failing

    async def submit(self, prepared):
        self.database.times = 1
        return await super().submit(prepared)


@pytest.mark.parametrize(
    ("first", "method", "asked"),
    [
        ("moderated", "finish", ["moderated"]),
        ("refuse?retry=never", "finish", ["refuse?retry=never"]),
        ("refuse?retry=elsewhere&times=1", "save", ["refuse?retry=elsewhere&times=1", "instant"]),
        ("refuse?retry=same&times=1&after=0.1", "fail", ["refuse?retry=same&times=1&after=0.1", "instant"]),
    ],
)
async def test_a_refusal_after_which_the_storage_went_away_counts_all_the_same(stage, first, method, asked):
    async with stage(f"hero: fake/{first}", "hero: fake/instant") as s:
        put_in(s, Arming)
        storage = s.gateway.storage
        database = Failing(storage.health if method == "fail" else storage.jobs, method, times=0)
        s.provider("fake").database = database
        ended = await s.end(await s.create(model="hero"))

    assert [a.provider_model for a in ended.attempts] == asked
    assert (ended.job.state, database.failed) == (State.FAILED if len(asked) == 1 else State.SUCCEEDED, 1)
    assert len(asked) > 1 or ended.job.error == ended.attempts[0].error


async def test_work_that_had_its_time_is_not_sent_elsewhere_because_its_end_could_not_be_saved(stage):
    async with stage("hero: fake/stuck?again=0.1", "hero: fake/instant", params="output_cost_per_second: 1") as s:
        s.engine.kit = replace(s.engine.kit, policy=replace(s.engine.kit.policy, max_age=0.5))
        database = Failing(s.gateway.storage.jobs, "finish")
        ended = await s.end(await s.create(model="hero"))

    assert (ended.job.state, ended.job.error.code, database.failed) == (State.FAILED, "provider_lost_job", 1)
    assert (s.provider("fake").submits, s.provider("fake").cancels) == (1, 1)
    assert (ended.job.cost.micros, ended.attempts[0].cost.micros) == (2_000_000, 2_000_000)
