"""A work whose answer was lost, found in a list of OpenAI's shape: only as the one that is just what was sent."""

import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest

from castlist.model.ids import make_id
from castlist.model.jobs import Sent
from castlist.model.providing import Absent, CannotTell, Ticket
from castlist.providers.openai_alike import read_alike, read_settled
from castlist.testing.upstream import serve_upstream
from providers.test_openai import PROMPT, adapt, submit

pytestmark = pytest.mark.anyio

SENT = Sent(hashlib.sha256(PROMPT.encode()).hexdigest(), "sora-2", 8, "1280x720")


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_a_work_is_found_by_all_that_was_sent(tmp_path):
    with serve_upstream(key="sk-live", lasts=0) as upstream:
        begun = datetime.now(UTC)
        async with adapt(upstream, tmp_path) as provider:
            ticket = await submit(provider)
            found = await provider.find_alike(SENT, since=begun)
            later = await provider.find_alike(SENT, since=begun + timedelta(seconds=60))
            other = await provider.find_alike(Sent(SENT.prompt, "sora-2", 4, "1280x720"), since=begun)

    assert [each.data for each in found] == [ticket.data]
    assert (later, other) == ([], [])


WORK = {"id": "video_1", "model": "sora-2", "prompt": PROMPT, "seconds": "8", "size": "1280x720", "created_at": 1000}


@pytest.mark.parametrize(
    ("work", "ids"),
    [
        ({}, ["video_1"]),
        ({"model": "sora-2-pro"}, []),
        ({"prompt": PROMPT + " "}, []),
        ({"prompt": None}, []),
        ({"seconds": "4"}, []),
        ({"size": "720x1280"}, []),
        ({"created_at": 998}, []),
        ({"created_at": None}, []),
        ({"id": 7}, []),
    ],
)
async def test_each_difference_counts(work, ids):
    page = {"data": [{**WORK, **work}, "no work"], "has_more": False}

    assert [ticket.data["id"] for ticket in read_alike(page, SENT, since=999)] == ids


async def test_a_page_that_does_not_reach_back_far_enough_proves_nothing():
    page = {"data": [WORK], "has_more": True}

    assert read_alike(page, SENT, since=999) == ()
    assert len(read_alike({**page, "data": [WORK, {**WORK, "created_at": 900}]}, SENT, since=999)) == 1
    assert read_alike({"data": None}, SENT, since=999) == []


OURS = make_id("video", milliseconds=1_790_000_000_000, random=os.urandom)
CLOSED = {"object": "request", "idempotency_key": OURS, "made": None, "closed": True, "since": 1_790_000_000 - 86_400}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, Absent()),
        ({"made": "video_7"}, Ticket({"id": "video_7"})),
        ({"closed": False}, CannotTell()),
        ({"object": "list"}, CannotTell()),
        ({"idempotency_key": "another"}, CannotTell()),
        ({"since": None}, CannotTell()),
        ({"since": 1_790_000_000 - 1800}, CannotTell()),
    ],
)
async def test_another_castlist_is_believed_about_what_it_remembers(said, found):
    assert read_settled({**CLOSED, **said}, OURS) == found


async def test_a_later_attempt_is_as_old_as_its_video_and_a_strange_name_of_any_age():
    later = f"{OURS}-2"

    assert read_settled({**CLOSED, "idempotency_key": later}, later) == Absent()
    assert read_settled({**CLOSED, "idempotency_key": "mine"}, "mine") == CannotTell()


async def test_a_server_that_is_no_castlist_is_asked_for_its_list(tmp_path):
    with serve_upstream(key="sk-live", lasts=0) as upstream:
        async with adapt(upstream, tmp_path) as provider:
            await submit(provider)
            found = await provider.find("video_1")

    assert found == CannotTell()
