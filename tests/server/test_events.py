"""Server-sent events of one video."""

import http.client
import json

from server.conftest import KEY, Server
from server.finished import add_finished


def _listen(server: Server, id: str, *, last: str = "") -> list[tuple[str, dict[str, object]]]:
    """All events until the stream ends: (name, data)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/v1/videos/{id}/events", headers={"Authorization": f"Bearer {KEY}", "Last-Event-ID": last})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    text = answer.read().decode()
    connection.close()
    events = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events


def test_each_change_is_told_and_then_the_end(server: Server) -> None:
    id = server.video(model="broken")

    events = _listen(server, id)

    assert events[-1][0] == "video.failed"
    faces = [(video["status"], video["progress"], video["castlist"]["state"]) for _, video in events]  # type: ignore[index]  # JSON
    assert len(faces) > 1
    assert faces[-1][2] == "failed"
    assert [name for name, video in events] == [f"video.{video['status']}" for _, video in events]


def test_an_ended_video_has_one_event(server: Server) -> None:
    [(name, video)] = _listen(server, add_finished(server))

    assert (name, video["status"]) == ("video.completed", "completed")


def test_who_comes_back_is_told_the_end_again(server: Server) -> None:
    assert len(_listen(server, add_finished(server), last="99")) == 1


def test_a_video_deleted_meanwhile_ends_the_stream(server: Server) -> None:
    id = server.video(model="stuck")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/v1/videos/{id}/events", headers={"Authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    assert answer.readline() == b"retry: 1000\n"

    server.ask("DELETE", f"/v1/videos/{id}")

    assert answer.read().decode().rstrip().splitlines()[-2] == "event: video.deleted"
    connection.close()
