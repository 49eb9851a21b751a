"""The gateways: started, killed without a goodbye at random, started again on the same port."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import aiohttp

from soak.places import Absence
from soak.plan import KILL_EVERY, ROOT, free_port

START_WITHIN = 120.0
REFUSED = 1
"""How `castlist serve` ends when it says in one sentence why it does not start."""


@dataclass
class Gateway:
    """One `castlist serve` with its data folder."""

    data: Path
    config: Path
    environ: Mapping[str, str]
    log: IO[bytes]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    answered: bool = False
    killed: bool = False
    """When the process was started, whether it has been up since, and whether its end was ours."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "castlist.cli", "serve", "--config", str(self.config), "--data", str(self.data)]
        self.started, self.answered, self.killed = time.monotonic(), False, False
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environ},
            cwd=ROOT,
        )

    @property
    def has_refused(self) -> bool:
        """Whether it ended by itself as one does that cannot start."""
        return self.process is not None and self.process.poll() == REFUSED and not self.answered

    def kill(self) -> None:
        """No goodbye."""
        if self.process is not None and self.process.poll() is None:
            self.killed = True
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """In order, and by force where that takes too long."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.kill()


class Fleet:
    """Several gateways: how often one of them was killed, refused to start because a place was away, and ended without that reason."""

    def __init__(self, gateways: list[Gateway], absence: Absence, *, seed: int) -> None:
        self.gateways = gateways
        self.kills = 0
        self.refusals = 0
        self.deaths = 0
        self._absence = absence
        self._lot = random.Random(seed)

    def start(self) -> None:
        for gateway in self.gateways:
            gateway.start()

    def stop(self) -> None:
        for gateway in self.gateways:
            gateway.stop()

    async def come_up(self) -> None:
        """Start all; returns when each has answered. Raises TimeoutError, and SystemExit when one ended instead."""
        self.start()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session, asyncio.timeout(START_WITHIN):
            for gateway in self.gateways:
                while not await _is_up(session, gateway):
                    if gateway.process is not None and gateway.process.poll() is not None:
                        raise SystemExit(f"a gateway did not start: {self._read_log(gateway)}")
                    await asyncio.sleep(0.2)

    def _read_log(self, gateway: Gateway) -> str:
        return Path(gateway.log.name).read_text(errors="replace")[-2000:]

    def revive(self) -> None:
        """Start those that are not there, and count why they are not."""
        for gateway in self.gateways:
            if gateway.process is None or gateway.process.poll() is None:
                continue
            if gateway.has_refused and self._absence.reaches(gateway.started):
                self.refusals += 1
            elif not gateway.killed:
                self.deaths += 1
            gateway.start()

    async def torment(self, *, seconds: float) -> None:
        """Every few seconds kill a random one of those that are up, and start it again, for so long; one that ended by itself is
        started too."""
        end = time.monotonic() + seconds
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
            while True:
                await asyncio.sleep(KILL_EVERY)
                self.revive()
                up = [gateway for gateway in self.gateways if await _is_up(session, gateway)]
                if up and time.monotonic() < end:
                    victim = self._lot.choice(up)
                    await asyncio.to_thread(victim.kill)
                    self.kills += 1
                    victim.start()


async def _is_up(session: aiohttp.ClientSession, gateway: Gateway) -> bool:
    try:
        async with session.get(f"{gateway.url}/health/liveliness") as answer:
            gateway.answered |= answer.status == 200
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
