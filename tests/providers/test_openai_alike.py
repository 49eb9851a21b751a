"""A work whose answer was lost, found in a list of OpenAI's shape: only as the one that is just what was sent."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from castlist.model.jobs import Sent
from castlist.providers.openai_alike import read_alike
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
