"""The clients, who ask for videos and try again as real ones do, and the one who is told of their ends."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import aiohttp
from aiohttp import web

from soak.plan import KEY, MODEL

PATIENCE: Final = 20.0
AGAIN: Final = 0.3
NOT_HEARD: Final = 0.05
"""How often the one who is told says that he could not hear, the first time."""


class Clients:
    """Each video is asked for under a key of its own until somebody answers; `made` are the ids by number, `repeats` how often it was
    asked again."""

    def __init__(self, urls: Sequence[str], *, seed: int) -> None:
        self.made: dict[int, str] = {}
        self.refused: dict[int, str] = {}
        self.repeats = 0
        self._urls = urls
        self._lot = random.Random(seed)

    async def ask_for(self, jobs: int, *, pace: float) -> None:
        """That many videos, so many a second; returns when all are taken."""
        limits = aiohttp.ClientTimeout(total=PATIENCE)
        async with (
            aiohttp.ClientSession(timeout=limits, headers={"Authorization": f"Bearer {KEY}"}) as session,
            asyncio.TaskGroup() as group,
        ):
            for number in range(jobs):
                group.create_task(self._ask(session, number))
                await asyncio.sleep(1 / pace)

    async def _ask(self, session: aiohttp.ClientSession, number: int) -> None:
        body = {"model": MODEL, "prompt": prompt_of(number), "seconds": "4", "size": "1280x720"}
        while True:
            url = f"{self._lot.choice(self._urls)}/v1/videos"
            try:
                async with session.post(url, json=body, headers={"Idempotency-Key": f"soak-{number}"}) as answer:
                    found = await answer.json()
                    if answer.status == 200:
                        self.made[number] = str(found["id"])
                        return
                    if answer.status < 500 and answer.status != 429:
                        self.refused[number] = f"{answer.status} {found}"
                        return
            except (aiohttp.ClientError, TimeoutError, ValueError):
                pass
            self.repeats += 1
            await asyncio.sleep(AGAIN)


class Listener:
    """An endpoint that keeps what it is told: the ids of the events about each video, and how many requests there were."""

    def __init__(self, *, seed: int) -> None:
        self.told: defaultdict[str, set[str]] = defaultdict(set)
        self.kinds: dict[str, str] = {}
        self.requests = 0
        self._asked_again: set[str] = set()
        self._lot = random.Random(seed)

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.add_routes([web.post("/", self._hear)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    async def _hear(self, request: web.Request) -> web.Response:
        self.requests += 1
        event = await request.json()
        video = str(event["data"]["id"])
        if self._lot.random() < NOT_HEARD and video not in self._asked_again:
            self._asked_again.add(video)
            return web.Response(status=500)
        self.told[video].add(request.headers["webhook-id"])
        self.kinds[video] = str(event["type"])
        return web.Response()


def prompt_of(number: int) -> str:
    """Words that no other video has."""
    return f"Fox number {number:05d} walks home"
