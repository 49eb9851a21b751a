"""The outbox: written with the end of a job, leased to one process, kept until it arrived."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from castlist.errors import NotFound
from castlist.model.jobs import Failure, State
from castlist.model.operations import Wishes
from castlist.model.telling import EVENTS, Told, Try, Wanted
from storage.samples import NOON, a_job, create, held

pytestmark = pytest.mark.anyio
HOOK = Wanted("default", "https://example.com/hook")
KEY = "k1"


async def listed(storage, project="default", **wanted):
    query = {"after": None, "limit": 100, "order": "asc", "state": None, "video": None} | wanted
    return list((await storage.outbox.page(project, **query)).items)


async def claim(storage, *, limit=10, sealed_by=KEY):
    return await storage.outbox.claim(limit=limit, lease=60, sealed_by=sealed_by)


async def end(storage, job, state=State.FAILED, **changes):
    """The job, brought to an end by this process."""
    job = await held(storage, replace(job, state=State.STORING, deployment="d1"))
    assert await storage.jobs.finish(job.to(state, completed_at=NOON, **changes), attempt=None, assets=())
    return job


async def ended(storage, **operation):
    await end(storage, a_job(replace(create(), **operation)), error=Failure("code", "message"))


async def test_an_end_is_told_to_each_endpoint_of_its_project_under_one_event_id(storage):
    await storage.outbox.register([HOOK, Wanted("default", "https://example.org/too"), Wanted("other", "https://example.com/theirs")])

    job = await end(storage, a_job(), State.SUCCEEDED)

    rows = await listed(storage)
    assert {(row.type, row.video, row.url) for row in rows} == {
        ("video.completed", job.id, "https://example.com/hook"),
        ("video.completed", job.id, "https://example.org/too"),
    }
    assert len({row.event for row in rows}) == 1
    assert len({row.id for row in rows}) == 2
    assert await listed(storage, "other") == []


async def test_an_endpoint_hears_of_the_events_it_asked_for(storage):
    await storage.outbox.register([Wanted("default", "https://example.com/failures", ("video.failed",))])

    await end(storage, a_job(), State.SUCCEEDED)
    assert await listed(storage) == []

    await ended(storage)
    assert [row.type for row in await listed(storage)] == ["video.failed"]


async def test_a_video_s_own_webhook_is_told_whatever_the_configuration_says(storage):
    wishes = Wishes(webhook="https://example.com/mine")

    await ended(storage, wishes=wishes)

    (row,) = await listed(storage)
    assert (row.url, row.private) == ("https://example.com/mine", False)


async def test_an_address_of_the_configuration_and_of_a_request_is_told_once(storage):
    await storage.outbox.register([Wanted("default", HOOK.url, ("video.completed",), allow_private=True)])

    await ended(storage, wishes=Wishes(webhook=HOOK.url))

    (row,) = await listed(storage)
    assert row.private


async def test_cancelling_deleting_and_failing_in_the_queue_are_told_in_the_same_transaction(storage):
    await storage.outbox.register([HOOK])
    cancelled, deleted, failed = a_job(), a_job(), a_job()
    for job in (cancelled, deleted, failed):
        await storage.jobs.add(job)

    await storage.jobs.request_cancel("default", cancelled.id)
    await storage.jobs.delete("default", deleted.id)
    await storage.jobs.fail_queued([failed.id], Failure("character_deleted", "gone"))

    assert sorted(row.video for row in await listed(storage)) == sorted([cancelled.id, deleted.id, failed.id])
    assert {row.type for row in await listed(storage)} == {"video.failed"}


async def test_what_a_process_without_the_configuration_ends_is_told_too(storage, second):
    await storage.outbox.register([HOOK])

    await ended(second)

    assert len(await listed(storage)) == 1


async def test_an_end_that_is_not_saved_is_not_told(storage, second):
    await storage.outbox.register([HOOK])
    job = await held(storage, a_job(state=State.STORING, deployment="d1"))

    assert not await second.jobs.finish(job.to(State.FAILED, completed_at=NOON), attempt=None, assets=())

    assert await listed(storage) == []


async def test_two_processes_never_have_the_same_delivery(storage, second):
    await storage.outbox.register([HOOK])
    for _ in range(30):
        await ended(storage)

    found = await asyncio.gather(*(claim(each, limit=4) for each in (storage, second) for _ in range(6)))

    ids = [delivery.id for group in found for delivery in group]
    assert len(ids) == len(set(ids)) == 30


async def test_a_lease_that_ran_out_is_free_and_its_holder_s_failure_is_not_saved(storage, second, watch):
    await storage.outbox.register([HOOK])
    await ended(storage)
    (first,) = await claim(storage)
    watch.advance(61)
    (again,) = await claim(second)

    assert again.event == first.event
    assert not await storage.outbox.save(replace(first, tries=(Try(NOON, 1.0, 500),)))
    assert await storage.outbox.save(replace(first, state=Told.DELIVERED, tries=(Try(NOON, 1.0, 200),)))
    assert (await listed(storage))[0].state is Told.DELIVERED


async def test_a_dead_process_s_delivery_is_free_at_once(storage, second):
    await storage.outbox.register([HOOK])
    await ended(storage)
    assert await claim(second)

    await second.close()

    assert len(await claim(storage)) == 1


async def test_what_is_put_off_waits(storage, watch):
    await storage.outbox.register([HOOK])
    await ended(storage)
    (first,) = await claim(storage)
    await storage.outbox.save(replace(first, due_at=watch() + timedelta(hours=1)))

    assert not await storage.outbox.due(sealed_by=KEY)
    assert await claim(storage) == []
    watch.advance(3601)
    assert await storage.outbox.due(sealed_by=KEY)
    assert len(await claim(storage)) == 1


async def test_an_endpoint_that_is_gone_is_told_no_more_and_shows_it(storage):
    await storage.outbox.register([HOOK])
    await ended(storage)
    await ended(storage)
    (first,) = await claim(storage, limit=1)

    await storage.outbox.save(replace(first, state=Told.DISABLED), gone=True)
    await ended(storage)

    assert {row.state for row in await listed(storage)} == {Told.DISABLED}
    (endpoint,) = await storage.outbox.endpoints("default")
    assert endpoint.disabled_at is not None
    assert not await storage.outbox.due(sealed_by=KEY)


async def test_a_trial_that_arrives_makes_an_endpoint_be_told_again(storage):
    await storage.outbox.register([HOOK])
    await ended(storage)
    (first,) = await claim(storage)
    await storage.outbox.save(replace(first, state=Told.DISABLED), gone=True)
    (endpoint,) = await storage.outbox.endpoints("default")

    trial = await storage.outbox.add_trial(endpoint, EVENTS[0], lease=60)
    assert await claim(storage) == []
    await storage.outbox.save(replace(trial, state=Told.DELIVERED), well=True)

    assert (await storage.outbox.endpoints("default"))[0].disabled_at is None


async def test_a_delivery_sent_anew_keeps_its_event_and_its_history(storage):
    await storage.outbox.register([HOOK])
    await ended(storage)
    (first,) = await claim(storage)
    tries = (Try(NOON, 0.5, 500), Try(NOON, 0.5, error="no answer"))
    await storage.outbox.save(replace(first, state=Told.DEAD, tries=tries))

    again = await storage.outbox.redeliver("default", first.id)

    assert again is not None
    assert (again.event, again.state, again.tries, again.count) == (first.event, Told.PENDING, tries, 0)
    assert len(await claim(storage)) == 1
    assert await storage.outbox.redeliver("other", first.id) is None


async def test_only_who_can_open_a_project_s_secret_takes_its_deliveries(storage):
    await storage.outbox.register([HOOK])
    await storage.secrets.replace("default", "sealed", sealed_by="another key")
    await ended(storage)

    assert await claim(storage) == []
    assert len(await claim(storage, sealed_by="another key")) == 1


async def test_a_secret_that_was_replaced_signs_for_a_day(storage, watch):
    await storage.secrets.ensure("default", lambda: "first", sealed_by=KEY)
    await storage.secrets.ensure("default", lambda: "never", sealed_by=KEY)
    watch.advance(1)
    await storage.secrets.replace("default", "second", sealed_by=KEY)

    assert [each.sealed for each in await storage.secrets.signing("default")] == ["second", "first"]
    watch.advance(24 * 3600 + 1)
    assert [each.sealed for each in await storage.secrets.signing("default")] == ["second"]


async def test_the_configuration_s_endpoints_are_those_of_the_last_one(storage):
    await storage.outbox.register([HOOK, Wanted("default", "https://example.com/old", allow_private=True)])
    before = {each.url: each.id for each in await storage.outbox.endpoints("default")}
    await storage.outbox.register([HOOK])

    (left,) = await storage.outbox.endpoints("default")

    assert (left.url, left.id) == (HOOK.url, before[HOOK.url])
    assert not await storage.outbox.allows_private("default", "https://example.com/other")


async def test_private_addresses_are_allowed_by_origin_and_project(storage):
    await storage.outbox.register([Wanted("default", "http://10.0.0.5:8080/hook", allow_private=True)])

    assert await storage.outbox.allows_private("default", "http://10.0.0.5:8080/jobs/7?x=1")
    assert not await storage.outbox.allows_private("default", "http://10.0.0.5:8081/hook")
    assert not await storage.outbox.allows_private("default", "https://10.0.0.5:8080/hook")
    assert not await storage.outbox.allows_private("other", "http://10.0.0.5:8080/hook")


async def test_old_ends_are_forgotten_and_what_waits_is_not(storage, watch):
    await ended(storage, wishes=Wishes(webhook="https://example.com/a"))
    (first,) = await claim(storage)
    await storage.outbox.save(replace(first, state=Told.DELIVERED))
    await ended(storage, wishes=Wishes(webhook="https://example.com/b"))
    watch.advance(31 * 86_400)

    await storage.outbox.prune(days=30)

    assert [row.url for row in await listed(storage)] == ["https://example.com/b"]
    assert await storage.outbox.endpoint("default", first.endpoint) is None


async def test_a_page_of_deliveries_goes_on_after_its_last_one(storage, watch):
    await storage.outbox.register([HOOK])
    for _ in range(5):
        await ended(storage)
    every = await listed(storage)

    page = await storage.outbox.page("default", after=every[1].id, limit=2, order="asc", state=None, video=None)

    assert [row.id for row in page.items] == [row.id for row in every[2:4]]
    assert page.has_more
    assert await listed(storage, video=every[3].video) == [every[3]]
    assert await listed(storage, state=Told.DEAD) == []
    with pytest.raises(NotFound, match="after is the id"):
        await listed(storage, "other", after=every[0].id)


async def test_an_endpoint_that_is_busy_is_passed_over(storage):
    await storage.outbox.register([HOOK, Wanted("default", "https://example.org/too")])
    for _ in range(3):
        await end(storage, a_job(), State.SUCCEEDED)
    busy, free = (endpoint.id for endpoint in await storage.outbox.endpoints("default"))

    taken = await storage.outbox.claim(limit=10, lease=60, sealed_by=KEY, besides=[busy])

    assert [delivery.endpoint for delivery in taken] == [free] * 3
