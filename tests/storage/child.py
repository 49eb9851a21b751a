"""What the storage tests run as a process of its own: `child.py MODE FOLDER DATABASE [ARGUMENTS]`."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from samples import a_character, a_job, store, wall

from castlist.errors import StorageFull
from castlist.model.jobs import State
from castlist.storage import Storage
from castlist.storage.database import Connection


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def fill(storage: Storage) -> None:
    """Store more than this process may write, then something small."""
    try:
        await storage.assets.put(Path("/dev/zero"), project="default", media_type="video/mp4")
    except StorageFull as error:
        say(type(error).__name__, error.code, error.status)
    asset = await store(storage, storage.scratch, content=b"small")
    await storage.assets.add(asset)
    await storage.characters.add(a_character(assets={"video": asset.id}))
    say("small one stored")


async def count(storage: Storage, times: int) -> None:
    """Raise one counter, several at a time, reading what is there each time."""

    def raise_it(connection: Connection) -> None:
        (value,) = connection.execute("SELECT progress FROM jobs WHERE id = 'counter'").fetchone()
        connection.execute("UPDATE jobs SET progress = ?, revision = revision + 1 WHERE id = 'counter'", (value + 1,))

    for _ in range(times // 10):
        await asyncio.gather(*(storage.write(raise_it) for _ in range(10)))


async def claim(storage: Storage) -> None:
    """Claim until there is nothing left; end what was had, and say it."""
    while jobs := await storage.jobs.claim(deployments=[], limit=3, lease=600):
        for job in jobs:
            if await storage.jobs.save(replace(job, state=State.SUCCEEDED, progress=job.progress + 1)):
                say(job.id)


async def hang(storage: Storage, folder: Path) -> None:
    """Take everything in hand, say so, and wait to be killed."""
    jobs = await storage.jobs.claim(deployments=[], limit=10, lease=3600)
    characters = await storage.characters.claim(limit=10, lease=3600)
    (storage.scratch / "upload").write_bytes(b"half a clip")
    await store(storage, storage.scratch)
    row = await store(storage, storage.scratch)
    await storage.assets.add(row)
    half = folder / "assets" / row.id[-2:] / f"{row.id}#1"
    half.write_bytes(b"half an asset")
    storage.holders.mark("serve")
    say(len(jobs), len(characters), storage.holder)
    await asyncio.sleep(600)


async def add(storage: Storage, times: int) -> None:
    """Accept jobs, saying the id of each once it is stored."""
    for _ in range(times):
        job = a_job(at=wall())
        await storage.jobs.add(job)
        say(job.id)


async def stall(storage: Storage) -> None:
    """Stop in the middle of a transaction, as a suspended machine does."""

    def stand_still(connection: Connection) -> None:
        connection.execute("UPDATE jobs SET progress = 1")
        say("writing")
        os.kill(os.getpid(), signal.SIGSTOP)

    await storage.write(stand_still)


async def main(mode: str, folder: Path, database: str, *rest: str) -> None:
    storage = await Storage.open(folder, clock=wall, database_url=database or None)
    match mode:
        case "fill":
            await fill(storage)
        case "count":
            await count(storage, int(rest[0]))
        case "claim":
            await claim(storage)
        case "hang":
            await hang(storage, folder)
        case "stall":
            await stall(storage)
        case "add":
            await add(storage, int(rest[0]))
    await storage.close()


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
