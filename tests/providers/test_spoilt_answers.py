"""Answers that no vendor should give, to every adapter alike: a page, cut JSON, other shapes, an error in a success, nothing at all."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from castlist.errors import Ambiguous, ProviderError, Refused
from castlist.model.operations import CreateVideo, Size
from castlist.model.providing import Account, Order, Phase, Ticket
from castlist.providers import provider
from castlist.providers.transport import HttpTransport
from providers.wires import reach

ADAPTERS = {
    "openai": ("sora-2", {"id": "video_1"}),
    "gemini": ("gemini-omni-1.2-flash", {"id": "job_1"}),
    "runwayml": ("seedance2", {"id": "job_1"}),
    "kling": ("kling-3.0-omni", {"id": "job_1"}),
    "fal_ai": ("kling/v4", {"id": "job_1", "root": "/kling/v4/requests/job_1"}),
    "xai": ("grok-imagine-video", {"id": "job_1"}),
}
PAGE = b"<!doctype html><html><body>Welcome to the hotel's wireless network</body></html>"
BODIES = {
    "a page": PAGE,
    "cut JSON": b'{"id": "job_1", "status": "comple',
    "nothing": b"",
    "bytes that are no text": b"\xff\xfe\x00\x01",
    "null": b"null",
    "a list": b"[]",
    "a list of numbers": b"[1, 2]",
    "a number": b"17",
    "a text": b'"completed"',
    "an empty object": b"{}",
    "an error in a success": b'{"error": {"code": 500, "message": "something went wrong", "status": "INTERNAL"}}',
    "an error as a text": b'{"error": "something went wrong"}',
    "its fields of other kinds": json.dumps(
        {"id": 7, "request_id": 7, "status": ["completed"], "data": 7, "output": 7, "video": "x", "steps": {"a": 1}, "progress": {}}
    ).encode(),
    "its lists full of other things": json.dumps(
        {"id": None, "status": {}, "data": [1, None, {"id": 5}, {"status": 3}], "output": [1, {}], "steps": [1, {"type": "model_output"}]}
    ).encode(),
    "nesting without end": b"[" * 100_000,
}


@asynccontextmanager
async def serve_always(body, *, status=200):
    """A server that gives one answer to everything, under the vendor's own type."""

    async def answer(request):
        await request.read()
        return web.Response(status=status, body=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def ask(name, folder, act, *, body, status=200):
    """What `act` gives of the adapter when its upstream answers nothing but that."""

    async def scene():
        async with serve_always(body, status=status) as base, reach(folder, api_base=base) as http:
            assert isinstance(http, HttpTransport)
            return await act(provider(name)(Account("local", name, api_base=base, api_key="key-planted"), http))

    return asyncio.run(scene())


async def poll(adapter):
    return (await adapter.poll([Ticket(ADAPTERS[adapter.name][1])]))[0]


async def look(adapter):
    """What a poll tells, None where it is an error of the upstream to be asked again."""
    try:
        return await poll(adapter)
    except Ambiguous:
        raise AssertionError("a poll leaves nothing unknown") from None
    except ProviderError:
        return None


async def download(adapter):
    async with adapter.download(Ticket(ADAPTERS[adapter.name][1])) as stream:
        return b"".join([chunk async for chunk in stream.chunks])


async def submit(adapter):
    operation = CreateVideo("A fox walks.", "hero", 5, Size(1280, 720))
    order = Order(operation, ADAPTERS[adapter.name][0], operation.prompt, (), "video_1", 7, timeout=5.0)
    return await adapter.submit(await adapter.prepare(order))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ADAPTERS)
def test_a_poll_is_never_taken_for_an_end(tmp_path, name, body):
    learnt = ask(name, tmp_path, look, body=BODIES[body])

    assert learnt is None or learnt.phase in {Phase.QUEUED, Phase.RUNNING}


NOT_THE_ADAPTERS = {"openai"}
"""Those whose download is the answer itself: what it is shows when it is probed."""


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", sorted(ADAPTERS.keys() - NOT_THE_ADAPTERS))
def test_a_download_is_an_error_of_the_upstream(tmp_path, name, body):
    with pytest.raises(ProviderError):
        ask(name, tmp_path, download, body=BODIES[body])


@pytest.mark.parametrize("status", [200, 500, 502])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ADAPTERS)
def test_a_submission_may_exist_whatever_was_said_to_it(tmp_path, name, body, status):
    with pytest.raises(Ambiguous):
        ask(name, tmp_path, submit, body=BODIES[body], status=status)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ADAPTERS)
def test_a_refusal_is_one_whatever_its_words(tmp_path, name, body):
    with pytest.raises(Refused):
        ask(name, tmp_path, submit, body=BODIES[body], status=400)


HUGE = "9" * 400
ODD = "half \\ud83d a character, \\u0000 and an end"
STRANGE = {
    "openai": '{"id": "video_1", "status": "failed", "progress": %(huge)s, "error": {"message": "%(odd)s"}}',
    "gemini": '{"id": "job_1", "status": "failed", "errors": [{"code": %(huge)s, "message": "%(odd)s"}]}',
    "runwayml": '{"id": "job_1", "status": "FAILED", "progress": %(huge)s, "failure": "%(odd)s", "cost": {"credits": %(huge)s}}',
    "kling": '{"code": 0, "data": [{"id": "job_1", "status": "failed", "message": "%(odd)s",'
    ' "billing": [{"charge_type": "unit", "amount": %(huge)s}]}]}',
    "fal_ai": '{"status": "COMPLETED", "error": "%(odd)s", "error_type": "internal", "queue_position": %(huge)s}',
    "xai": '{"status": "failed", "progress": %(huge)s, "error": {"message": "%(odd)s"}, "usage": {"cost_in_usd_ticks": %(huge)s}}',
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_failure_is_told_in_words_and_numbers_that_every_database_takes(tmp_path, name):
    progress = ask(name, tmp_path, poll, body=(STRANGE[name] % {"huge": HUGE, "odd": ODD}).encode())

    assert progress.phase is Phase.FAILED
    assert progress.failure.message.encode().startswith(b"half ")
    assert "\0" not in progress.failure.message
    assert (0 <= progress.percent <= 100, progress.cost) == (True, None)


@pytest.mark.parametrize("name", ["openai", "runwayml", "xai"])
def test_progress_beyond_all_measure_is_all_of_it(tmp_path, name):
    body = STRANGE[name].replace("failed", "in_progress" if name == "openai" else "pending").replace("FAILED", "RUNNING")
    progress = ask(name, tmp_path, poll, body=(body % {"huge": HUGE, "odd": ""}).encode(), status=202 if name == "xai" else 200)

    assert (progress.phase, progress.percent) == (Phase.RUNNING, 100)
