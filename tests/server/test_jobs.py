"""What the keeper of a gateway sees of videos in trouble, and what was decided about them: over HTTP, by the client and by the command."""

import asyncio
import json
import subprocess
import sys

import pytest

from castlist import Client
from castlist.errors import Conflict, Forbidden
from server.conftest import KEY, OTHER_KEY, Server


@pytest.fixture(scope="module")
def keeper(server: Server):
    with Client(f"{server.base}/v1", api_key=KEY) as client:
        yield client


def unknown(server: Server, *, found: str = "unknown", key: str = KEY) -> str:
    """A video whose request was sent and never answered."""
    reply = server.post("/v1/videos", {"prompt": f"A lamp, {found}", "model": "silent"}, key=key)
    id = str(reply.json["id"])
    while server.ask("GET", f"/v1/videos/{id}?wait=1", key=key).json["castlist"]["waiting"] != "unknown":
        pass
    return id


def soon(server: Server, id: str) -> None:
    """Have it looked at now, once it is nobody's."""
    sql = "UPDATE jobs SET due_at = 0 WHERE id = ? AND lease_holder IS NULL"

    async def wake() -> None:
        while not await server.gateway.storage.write(lambda connection: connection.execute(sql, (id,)).rowcount):
            await asyncio.sleep(0.02)

    asyncio.run_coroutine_threadsafe(wake(), server.loop).result(30)


def test_the_unknown_are_listed_with_what_their_provider_was_told(server: Server, keeper: Client) -> None:
    id, theirs = unknown(server), unknown(server, key=OTHER_KEY)

    found = {each.id: each for each in keeper.jobs.unknown()}

    assert found[id].project == "default"
    assert found[theirs].project == "other"
    assert (found[id].state, found[id].provider, found[id].attempt, found[id].cost.state) == ("unknown", "fake", 1, "unknown")
    assert found[id].reference
    assert "lost its answer" in str(found[id].message)
    assert id not in {each.id for each in keeper.jobs.stuck()}


def test_only_the_master_key_sees_and_decides(server: Server) -> None:
    theirs, mine = unknown(server, key=OTHER_KEY), unknown(server)
    with Client(f"{server.base}/v1", api_key=OTHER_KEY) as client:
        for ask in (client.jobs.unknown, client.jobs.stuck, lambda: client.jobs.resolve(theirs, "failed")):
            with pytest.raises(Forbidden, match="master key"):
                ask()

    assert server.post(f"/v1/jobs/{mine}/resolve", {"outcome": "failed"}, key=OTHER_KEY).status == 404


def test_a_video_decided_to_have_failed_fails_with_its_cost_unknown(server: Server, keeper: Client) -> None:
    id = unknown(server)

    decided = keeper.jobs.resolve(id, "failed")
    soon(server, id)
    video = server.finish(id)

    assert decided.decided == "fail"
    assert (video["status"], video["error"]["code"], video["castlist"]["cost"]["state"]) == ("failed", "provider_unknown", "unknown")
    with pytest.raises(Conflict, match="nothing to decide"):
        keeper.jobs.resolve(id, "failed")


@pytest.mark.parametrize(("outcome", "states"), [("absent", ["refused", "unknown"]), ("resubmit", ["unknown", "unknown"])])
def test_a_video_is_sent_again_only_when_somebody_says_so(server: Server, keeper: Client, outcome: str, states: list[str]) -> None:
    id = unknown(server)

    keeper.jobs.resolve(id, outcome)
    soon(server, id)
    while len(server.ask("GET", f"/v1/videos/{id}?wait=1").json["castlist"]["attempts"]) < 2:
        pass
    while server.ask("GET", f"/v1/videos/{id}?wait=1").json["castlist"]["state"] != "unknown":
        pass

    attempts = server.ask("GET", f"/v1/videos/{id}").json["castlist"]["attempts"]
    assert [attempt["state"] for attempt in attempts] == states


def test_a_video_goes_on_under_the_ticket_somebody_found(server: Server, keeper: Client) -> None:
    id = unknown(server)
    adapter = next(each for each in server.gateway.engine.kit.providers.values() if each.name == "fake")
    reference = next(each.reference for each in keeper.jobs.unknown() if each.id == id)
    ticket = {**adapter._accepted[reference].data, "model": "instant"}

    for wrong, status in (({"outcome": "made"}, 400), ({"outcome": "made", "ticket": {"id": "nobody's"}}, 400), ({"outcome": "lost"}, 400)):
        assert server.post(f"/v1/jobs/{id}/resolve", wrong).status == status
    keeper.jobs.resolve(id, "made", ticket=ticket)
    soon(server, id)

    assert server.finish(id)["status"] == "completed"


def test_the_command_lists_and_decides(server: Server) -> None:
    id = unknown(server)

    def castlist(*words: str) -> subprocess.CompletedProcess[str]:
        environ = {"CASTLIST_BASE_URL": f"{server.base}/v1", "CASTLIST_API_KEY": KEY, "PYTHONPATH": ":".join(sys.path)}
        return subprocess.run(
            [sys.executable, "-m", "castlist.cli", "jobs", *words], env=environ, capture_output=True, text=True, check=False
        )

    listed, table, decided, twice = (
        castlist("unknown", "--json"),
        castlist("unknown"),
        castlist("resolve", id, "failed"),
        castlist("resolve", "video_none", "failed"),
    )

    assert id in {each["id"] for each in json.loads(listed.stdout)["data"]}
    assert id in table.stdout
    assert (decided.returncode, "failed" in decided.stdout) == (0, True)
    assert (twice.returncode, "No video" in twice.stderr) == (1, True)
    assert castlist("stuck").stdout == "None.\n"


def test_metrics_say_how_many_are_unknown_and_what_was_spent(server: Server) -> None:
    unknown(server)

    text = server.ask("GET", "/metrics").body.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

    assert float(values['castlist_videos{state="unknown"}']) >= 1
    assert float(values['castlist_videos{state="storing"}']) >= 0
    assert float(values["castlist_videos_stuck"]) == 0
    assert float(values["castlist_spent_today_micros"]) == 0
    assert float(values['castlist_attempts_total{deployment="fake/ambiguous",outcome="unknown",provider="fake"}']) >= 1
    assert float(values['castlist_polls_total{outcome="answered",provider="fake"}']) >= 0
