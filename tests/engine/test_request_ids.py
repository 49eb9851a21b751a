"""What the vendor called a request is kept with the attempt, whatever came of it."""

import asyncio
import json

import pytest
from aiohttp import web

from castlist.model.jobs import State
from castlist.model.providing import Reply
from castlist.providers.hearing import hear, name_request, note
from castlist.server.wire.views import show_video
from castlist.testing.emulator import serve
from castlist.testing.upstream import Upstream


class Named(Upstream):
    """Gives every answer a number, as vendors do."""

    def app(self) -> web.Application:
        app = super().app()
        app.on_response_prepare.append(self._number)
        return app

    async def _number(self, request: web.Request, response: web.StreamResponse) -> None:
        place = "create" if request.method == "POST" else "look"
        response.headers["X-Request-Id"] = f"req_{place}_{self.counts['create']}"


class NoLinks:
    def of(self, path, variants):
        return {}


@pytest.mark.parametrize(
    ("fault", "state", "request_id"),
    [
        (None, State.SUCCEEDED, "req_create_1"),
        ("moderated", State.FAILED, "req_create_1"),
        ("error", State.UNKNOWN, "req_create_1"),
        ("drop", State.UNKNOWN, None),
    ],
)
def test_an_attempt_names_the_request_it_was(stage, fault, state, request_id):
    async def scene(upstream):
        async with stage("hero: openai/hero", params=f"api_base: '{upstream.base_url}', api_key: k") as s:
            seen = await s.create(model="hero")
            return await s.until(seen, lambda now: now.job.ended or now.job.state is State.UNKNOWN)

    with serve(Named(lasts=0.1)) as upstream:
        if fault:
            upstream.break_next("create", fault)
        seen = asyncio.run(scene(upstream))

    shown = show_video(seen, NoLinks())["castlist"]["attempts"]
    assert (seen.job.state, [attempt.request_id for attempt in seen.attempts]) == (state, [request_id])
    assert [attempt["request_id"] for attempt in shown] == [request_id]


@pytest.mark.parametrize(
    ("headers", "body", "found"),
    [
        ({"x-request-id": "req_1", "cf-ray": "9f-AMS"}, {}, "req_1"),
        ({"apim-request-id": "6f2b-1"}, {}, "6f2b-1"),
        ({"cf-ray": "9f-AMS"}, {"code": 0, "request_id": "CjikY2gH"}, "CjikY2gH"),
        ({"x-fal-request-id": "0199-aa"}, {"request_id": "0199-bb"}, "0199-aa"),
        ({"cf-ray": "9f-AMS"}, {}, "9f-AMS"),
        ({"x-request-id": "two words\x1b[31m"}, {}, None),
        ({}, {"request_id": 7}, None),
    ],
)
def test_the_id_is_found_where_vendors_put_it(headers, body, found):
    assert name_request(Reply(200, headers, json.dumps(body).encode())) == found


def test_what_two_tasks_send_at_a_time_is_heard_apart():
    async def send(number: int) -> list[str]:
        heard: list[str] = []
        with hear(heard):
            await asyncio.sleep(0)
            note(Reply(200, {"x-request-id": f"req_{number}"}, b""))
        return heard

    async def scene():
        return await asyncio.gather(*map(send, range(3)))

    assert asyncio.run(scene()) == [["req_0"], ["req_1"], ["req_2"]]
