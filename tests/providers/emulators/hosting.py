"""A real server in a thread for an emulator, with planned faults and a count of what was asked."""

import asyncio
import threading
from collections import Counter, defaultdict, deque
from contextlib import contextmanager
from typing import ClassVar

from aiohttp import web

from castlist.testing.fake import read_clip


class Hosted:
    """Derive one and give `routes`; `FAULTS` maps a place to the faults it can have."""

    FAULTS: ClassVar = {}

    def __init__(self):
        self.clip = read_clip()
        self.counts = Counter()
        self.requests = []
        self.base_url = ""
        self._planned = defaultdict(deque)

    def routes(self):
        raise NotImplementedError

    def break_next(self, where, *faults):
        """What the next requests of that kind meet, one each."""
        unknown = set(faults) - set(self.FAULTS[where])
        assert not unknown, f"{where} has no {unknown}"
        self._planned[where].extend(faults)

    def fault(self, where):
        planned = self._planned[where]
        return planned.popleft() if planned else None

    async def pour(self, request, *, cut=False):
        """The clip, from the offset asked for."""
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        size = len(self.clip)
        if start >= size:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        headers = {"Content-Type": "video/mp4"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        response.content_length = size - start
        await response.prepare(request)
        if cut:
            await response.write(self.clip[start : start + (size - start) // 2])
            return abort(request)
        await response.write(self.clip[start:])
        await response.write_eof()
        return response


def abort(request):
    request.transport.abort()
    return web.Response()


@contextmanager
def host(emulator):
    """The emulator on a free loopback port for the time of the context."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready = threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_run(emulator, stop, ready)), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield emulator
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _run(emulator, stop, ready):
    app = web.Application(client_max_size=256 * 1024 * 1024)
    app.add_routes(emulator.routes())
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    emulator.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    ready.set()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()
