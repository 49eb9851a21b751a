"""How many videos of an account are under way at once, with a limit and without."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace

from castlist.media.turns import Turns
from castlist.model.asks import Caller
from castlist.model.capabilities import Capabilities
from castlist.model.jobs import State
from castlist.model.providing import Account, Deployment
from castlist.shares import AT_ONCE, Room, Share
from processes import media_children

ME = Caller("default", master=True)


async def count(s, videos):
    """So many videos by the state they are in."""
    return Counter([(await s.engine.storage.jobs.any(seen.job.id)).state for seen in videos])


def test_without_a_limit_what_the_provider_works_on_takes_no_room(stage):
    async def scene():
        async with stage("hero: fake/stuck") as s:
            videos = [await s.create(model="hero") for _ in range(AT_ONCE + 3)]
            for seen in videos:
                await s.until(seen, lambda now: now.job.state is State.RUNNING)
            return await count(s, videos)

    assert asyncio.run(scene()) == {State.RUNNING: AT_ONCE + 3}


def test_with_a_limit_no_more_are_with_the_provider(stage):
    async def scene():
        async with stage("hero: fake/stuck", params="max_parallel_requests: 2") as s:
            videos = [await s.create(model="hero") for _ in range(5)]
            for seen in videos[:2]:
                await s.until(seen, lambda now: now.job.state is State.RUNNING)
            first = await count(s, videos)
            await s.engine.cancel(ME, videos[0].job.id)
            await s.until(videos[2], lambda now: now.job.state is State.RUNNING)
            return first, await count(s, videos), s.provider("fake").submits

    first, then, submits = asyncio.run(scene())

    assert (first[State.RUNNING], then[State.RUNNING], then[State.CANCELLED], submits) == (2, 2, 1, 3)


def test_a_start_follows_all_that_were_under_way(stage, tmp_path):
    async def scene():
        async with stage("hero: fake/stuck") as s:
            videos = [await s.create(model="hero") for _ in range(AT_ONCE + 3)]
            for seen in videos:
                await s.until(seen, lambda now: now.job.state is State.RUNNING)
        with closing(sqlite3.connect(tmp_path / "data" / "castlist.db")) as database, database:
            database.execute("UPDATE attempts SET doc = json_set(doc, '$.ticket.model', 'fail')")
        async with stage("hero: fake/stuck") as s:
            return [(await s.end(seen)).job.state for seen in videos], s.provider("fake").submits

    states, submits = asyncio.run(scene())

    assert set(states) == {State.FAILED}
    assert submits == 0


def test_videos_that_a_vendor_finishes_together_are_looked_through_by_as_many_processes_as_there_are_cores(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            videos = [await s.create(model="hero") for _ in range(Turns().at_once + 3)]
            ends = asyncio.gather(*(s.end(seen) for seen in videos))
            most = 0
            while not ends.done():
                most = max(most, len(media_children("finish")))
                await asyncio.sleep(0.05)
            return [seen.job.state for seen in await ends], most

    states, most = asyncio.run(scene())

    assert set(states) == {State.SUCCEEDED}
    assert 2 <= most <= Turns().at_once


def test_a_deployment_with_a_limit_of_its_own_limits_no_other():
    narrow, wide = (
        Deployment(name, name, "animatic", "animatic", Account("animatic", "animatic"), Capabilities(name), max_parallel=most)
        for name, most in (("narrow", 1), ("wide", 8))
    )
    ids = ["narrow", "wide"]

    def room(*mine: str) -> Room:
        return Share().find_room([narrow, wide], ids, mine=[(name, True) for name in mine])

    assert room() == Room(ids, 1)
    assert room("narrow") == Room(["wide"], 7)
    assert room("narrow", *["wide"] * 7) == Room(["wide"], 0)
    assert room(*["wide"] * 8).most == 0
    assert Share("animatic", 3).find_room([narrow, wide], ids, mine=[("narrow", True)]) == Room(ids, 2)


def test_a_video_that_chooses_late_takes_no_place_that_its_deployment_has_not(stage):
    chosen = "UPDATE jobs SET deployment = NULL, due_at = 0 WHERE id = ? AND lease_holder IS NULL"
    settled = "SELECT count(*) FROM jobs WHERE id = ? AND (state = 'running' OR (deployment IS NOT NULL AND lease_holder IS NULL))"

    async def scene():
        async with stage("hero: fake/stuck", "other: fake/instant") as s:
            kit, storage = s.engine.kit, s.gateway.storage
            limits = {"hero": 1, "other": 3}
            s.engine.kit = replace(kit, deployments=[replace(each, max_parallel=limits[each.model]) for each in kit.deployments])
            first = await s.create(model="hero")
            await s.until(first, lambda now: now.job.state is State.RUNNING)
            late = await s.create(model="hero")
            assert await storage.write(lambda connection: connection.execute(chosen, (late.job.id,)).rowcount) == 1
            s.engine.kit.nudge()
            async with asyncio.timeout(20):
                while not await storage.write(lambda connection: connection.execute(settled, (late.job.id,)).fetchone()[0]):
                    await asyncio.sleep(0.02)
            waiting = await count(s, [first, late])
            await s.engine.cancel(ME, first.job.id)
            await s.until(late, lambda now: now.job.state is State.RUNNING)
            return waiting[State.RUNNING], s.provider("fake").submits

    assert asyncio.run(scene()) == (1, 2)
