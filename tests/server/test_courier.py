"""What becomes of a delivery that an endpoint does not take: tried again, given up, refused, or never sent again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from castlist.fetch import is_public
from castlist.model.telling import COMPLETED, Delivery, Told, Wanted
from castlist.outbound import Outbound
from castlist.sealing import Seal, Unsealable
from castlist.storage import Storage
from castlist.telling import Telling
from castlist.webhooks import PAUSES, Carried, Courier, Way, write_event
from server.receiver import Receiver, receive

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOON = (0.02,) * len(PAUSES)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Post:
    """A storage with one endpoint, and a courier that does not wait long."""

    storage: Storage
    courier: Courier
    telling: Telling

    async def send(self) -> str:
        """An event about no video, on its way to the endpoint; the id of its delivery."""
        (endpoint,) = await self.storage.outbox.endpoints("default")
        trial = await self.storage.outbox.add_trial(endpoint, COMPLETED, lease=60)
        again = await self.storage.outbox.redeliver("default", trial.id)
        assert again is not None
        return trial.id

    async def get(self, id: str) -> Delivery:
        found = await self.storage.outbox.get("default", id)
        assert found is not None
        return found

    async def until(self, id: str, wanted: Callable[[Delivery], bool]) -> Delivery:
        async with asyncio.timeout(60):
            while not wanted(found := await self.get(id)):
                await asyncio.sleep(0.02)
        return found


async def arrival(hook: Receiver) -> None:
    """Until something came; the loop goes on meanwhile."""
    async with asyncio.timeout(60):
        while not hook.got:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def open_post(folder: Path, url: str, *, private: bool = True, within: float = 15.0, key: str = "sk-master") -> AsyncIterator[Post]:
    storage = await Storage.open(folder, clock=now)
    try:
        await storage.outbox.register([Wanted("default", url, allow_private=private)])
        courier = Courier(storage.outbox, storage.secrets, Seal(key), clock=now, way=Way(is_public, Outbound(), within), pauses=SOON)
        telling = Telling(storage, courier, ring=lambda job: True)
        await telling.start()
        yield Post(storage, courier, telling)
        await telling.stop()
    finally:
        await storage.close()


async def play(folder: Path, url: str, scene: Callable[[Post], Awaitable[Delivery]], **options: object) -> Delivery:
    async with open_post(folder, url, **options) as post:  # type: ignore[arg-type]  # the options are open_post's
        return await scene(post)


async def test_eight_attempts_are_made_and_all_carry_the_same_id(tmp_path: Path) -> None:
    with receive(500) as hook:

        async def scene(post: Post) -> Delivery:
            return await post.until(await post.send(), lambda found: found.state is not Told.PENDING)

        delivery = await play(tmp_path, hook.url, scene)

    assert (delivery.state, len(delivery.tries)) == (Told.DEAD, 8)
    assert {each.status for each in delivery.tries} == {500}
    assert [each.headers["webhook-id"] for each in hook.got] == [delivery.event] * 8
    assert len({each.body for each in hook.got}) == 1


async def test_the_attempts_of_a_round_take_about_a_day() -> None:
    assert len(PAUSES) == 7
    assert 20 * 3600 < 0.9 * sum(PAUSES) < sum(PAUSES) < 24 * 3600
    assert sorted(PAUSES) == list(PAUSES)


async def test_what_an_endpoint_takes_at_last_is_delivered(tmp_path: Path) -> None:
    with receive(503, 429, 204) as hook:

        async def scene(post: Post) -> Delivery:
            return await post.until(await post.send(), lambda found: found.state is not Told.PENDING)

        delivery = await play(tmp_path, hook.url, scene)

    assert (delivery.state, [each.status for each in delivery.tries]) == (Told.DELIVERED, [503, 429, 204])


async def test_what_was_carried_is_counted_with_how_late_it_came(tmp_path: Path) -> None:
    with receive(500, 200) as hook:
        async with open_post(tmp_path, hook.url) as post:
            outbox = post.storage.outbox
            trial = await post.send()
            await post.until(trial, lambda found: found.state is Told.DELIVERED)
            await outbox.redeliver("default", trial)
            await post.until(trial, lambda found: len(found.tries) == 3 and found.state is Told.DELIVERED)
            nothing = await outbox.waiting()
            # Held by this process, so that nobody sends it.
            await outbox.add_trial((await outbox.endpoints("default"))[0], COMPLETED, lease=60)
            one, oldest = await outbox.waiting()
            carried = post.courier.carried

    assert (nothing, one) == ((0, 0.0), 1)
    assert 0 <= oldest < 60
    assert carried.outcomes == {Told.PENDING: 1, Told.DELIVERED: 2}
    assert sum(carried.within.values()) == 1  # what was sent anew by hand is none


async def test_what_comes_by_itself_counts_as_so_late(tmp_path: Path) -> None:
    carried = Carried()
    event = Delivery("d", "e", COMPLETED, "v", "default", "w", "http://h", Told.DELIVERED, created_at=NOON, due_at=NOON)

    for seconds in (0.05, 1.0, 1.5, 90_000.0):
        carried.note(event, at=NOON + timedelta(seconds=seconds))
    carried.note(replace(event, state=Told.DEAD), at=NOON)

    assert (carried.within, carried.seconds) == ({0.1: 1, 2.0: 2, inf: 1}, [90_002.55])
    assert carried.outcomes == {Told.DELIVERED: 4, Told.DEAD: 1}


async def test_a_redirect_is_not_followed_inward_or_anywhere(tmp_path: Path) -> None:
    with receive(200) as inner, receive(302, location=inner.url) as hook:

        async def scene(post: Post) -> Delivery:
            return await post.until(await post.send(), lambda found: len(found.tries) >= 1)

        delivery = await play(tmp_path, hook.url, scene)

    assert inner.got == []
    assert delivery.tries[0].status == 302
    assert "redirects" in str(delivery.tries[0].error)


async def test_an_endpoint_that_hangs_is_waited_for_so_long_and_delays_no_other(tmp_path: Path) -> None:
    with receive(0) as hangs, receive(200) as hook:
        async with open_post(tmp_path, hangs.url, within=0.5) as post:
            hanging = await post.send()
            await arrival(hangs)
            await post.storage.outbox.register([Wanted("default", hook.url, allow_private=True)])
            other = await post.until(await post.send(), lambda found: found.state is Told.DELIVERED)
            delivery = await post.until(hanging, lambda found: len(found.tries) >= 1)

    assert other.url == hook.url
    assert (delivery.tries[0].status, delivery.tries[0].error) == (None, "no answer within 0.5 seconds")


async def test_one_that_says_it_is_gone_is_disabled_and_says_so_in_list_and_log(tmp_path: Path) -> None:
    with receive(410) as hook, capture_logs() as lines:

        async def scene(post: Post) -> Delivery:
            first = await post.until(await post.send(), lambda found: found.state is not Told.PENDING)
            (endpoint,) = await post.storage.outbox.endpoints("default")
            assert endpoint.disabled_at is not None
            return first

        delivery = await play(tmp_path, hook.url, scene)

    assert (delivery.state, len(hook.got)) == (Told.DISABLED, 1)
    (line,) = [each for each in lines if each["event"] == "webhook.endpoint_disabled"]
    assert "410" in line["why"]
    assert "/hook" not in repr(lines)


async def test_what_is_told_again_by_hand_enables_an_endpoint_that_takes_it(tmp_path: Path) -> None:
    with receive(410, 200) as hook:

        async def scene(post: Post) -> Delivery:
            id = await post.send()
            await post.until(id, lambda found: found.state is Told.DISABLED)
            await post.storage.outbox.redeliver("default", id)
            second = await post.until(id, lambda found: found.state is Told.DELIVERED)
            (endpoint,) = await post.storage.outbox.endpoints("default")
            assert endpoint.disabled_at is None
            return second

        delivery = await play(tmp_path, hook.url, scene)

    assert [each.headers["webhook-id"] for each in hook.got] == [delivery.event] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_never_reached_however_it_is_written(tmp_path: Path, host: str) -> None:
    with receive(200) as hook:

        async def scene(post: Post) -> Delivery:
            return await post.until(await post.send(), lambda found: len(found.tries) >= 1)

        delivery = await play(tmp_path, f"http://{host}:{hook.port}/hook", scene, private=False)

    assert hook.got == []
    assert delivery.tries[0].status is None
    # Numbers in other forms are no host that is asked for at all.
    assert "the address is private" in str(delivery.tries[0].error) or "InvalidUrl" in str(delivery.tries[0].error)


async def test_two_processes_deliver_each_once(tmp_path: Path) -> None:
    with receive(200) as hook:
        async with open_post(tmp_path, hook.url) as first, open_post(tmp_path, hook.url) as second:
            ids = [await post.send() for _ in range(20) for post in (first, second)]
            for id in ids:
                await first.until(id, lambda found: found.state is Told.DELIVERED)

    sent = [each.headers["webhook-id"] for each in hook.got]
    assert len(sent) == len(set(sent)) == 40


async def test_what_a_stopped_process_had_under_way_goes_out_from_the_next(tmp_path: Path) -> None:
    with receive(0, 200) as hook:
        async with open_post(tmp_path, hook.url) as post:
            id = await post.send()
            await arrival(hook)
            (task,) = post.telling._under_way
            task.cancel()
        async with open_post(tmp_path, hook.url) as post:
            await post.until(id, lambda found: found.state is Told.DELIVERED)

    assert len({each.headers["webhook-id"] for each in hook.got}) == 1
    assert len(hook.got) == 2


async def test_a_gateway_with_another_master_key_leaves_what_it_cannot_sign(tmp_path: Path) -> None:
    with receive(200) as hook:
        async with open_post(tmp_path, hook.url, key="sk-first") as first:
            secret, _ = await first.courier.rotate("default")
        async with open_post(tmp_path, hook.url, key="sk-second") as second:
            id = await second.send()
            await second.telling.until_idle()
            assert (await second.get(id)).tries == ()
            await second.courier.rotate("default")
            await second.until(id, lambda found: found.state is Told.DELIVERED)

    (received,) = hook.got
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret).verify(received.body, received.headers)


async def test_the_event_is_the_same_in_every_copy(tmp_path: Path) -> None:
    with receive(200) as hook:
        async with open_post(tmp_path, hook.url) as post:
            delivery = await post.until(await post.send(), lambda found: found.state is Told.DELIVERED)

    assert hook.got[0].body.decode() == write_event(delivery)
    assert hook.url not in repr(delivery)


def test_a_sealed_secret_opens_with_its_own_key_and_project_only() -> None:
    sealed = Seal("sk-master").close("whsec_x", "default")

    assert Seal("sk-master").open(sealed, "default") == "whsec_x"
    assert sealed != Seal("sk-master").close("whsec_x", "default")
    assert "whsec" not in sealed
    for key, project, text in (("sk-other", "default", sealed), ("sk-master", "other", sealed), ("sk-master", "default", "AAAA")):
        with pytest.raises(Unsealable):
            Seal(key).open(text, project)
    assert Seal("sk-master").name != Seal("sk-other").name
