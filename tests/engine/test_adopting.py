"""Videos whose deployment nobody has any more: who keeps the work going takes them, and who only stands in for a server does not."""

import pytest

from castlist.worker import Worker
from engine.conftest import ME

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.parametrize("yields", [True, False])
async def test_a_process_that_yields_to_a_server_adopts_nothing_while_that_is_away(stage, yields):
    async with stage("hero: fake/instant", worker=False) as s:
        theirs, ours = await s.create(model="hero"), await s.create(model="hero")
        sql = "UPDATE jobs SET deployment = 'theirs', due_at = 0 WHERE id = ?"
        await s.gateway.storage.write(lambda connection: connection.execute(sql, (theirs.job.id,)).rowcount)
        worker = Worker(s.engine, yields=yields)
        await worker.start()
        await s.end(ours)
        await worker.stop()  # ends with the whole beat, and so with what is tidied in it
        left = await s.engine.video(ME, theirs.job.id)

    assert (left.job.deployment == "theirs") is yields
