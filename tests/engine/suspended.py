"""A worker process that suspends itself at a given place on its way to a paid request: `suspended.py CONFIG DATA PLACE LEDGER`."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from castlist.assembly import open_gateway
from castlist.config import load
from castlist.storage.database import Database
from castlist.testing.fake import FakeProvider
from castlist.worker import Worker

LEASE = 1.0


class Booked(FakeProvider):
    """Writes each paid request into a ledger that processes share."""

    ledger: Path
    place = ""
    database: Database

    async def prepare(self, order):
        if self.place == "prepare":
            suspend(self.database)
        return await super().prepare(order)

    async def submit(self, prepared):
        with self.ledger.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return await super().submit(prepared)


def put_in(gateway, ledger: Path, *, place: str = ""):
    """The booked provider in the place of the fake one."""
    for name, old in list(gateway.engine.kit.providers.items()):
        gateway.engine.kit.providers[name] = new = Booked(old.account, old.http)
        new.ledger, new.place, new.database = ledger, place, gateway.storage.jobs._database


def suspend(database: Database) -> None:
    """Stop where nothing is being written: whoever stops inside a transaction holds the whole file, which is another matter."""
    database.write_now(lambda connection: None)
    os.kill(os.getpid(), signal.SIGSTOP)


async def main(config: str, data: str, place: str, ledger: str) -> None:
    gateway = await open_gateway(load(Path(config), environ={"CASTLIST_DATA": data}), serving=True, worker=False)
    put_in(gateway, Path(ledger), place=place)
    boot_clock = gateway.engine.kit.boot_clock

    def stop_then_tell() -> float:
        gateway.engine.kit = replace(gateway.engine.kit, boot_clock=boot_clock)
        suspend(gateway.storage.jobs._database)
        return boot_clock()

    if place == "send":
        gateway.engine.kit = replace(gateway.engine.kit, boot_clock=stop_then_tell)
    worker = Worker(gateway.engine, lease=LEASE)
    await worker.start()
    await worker.until_idle()
    await worker.stop()
    await gateway.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
