"""Webhooks out, over real sockets: what a receiver gets of the end of a video, and what it can verify it with."""

import json
from collections.abc import Iterator

import pytest

from server.conftest import CONFIG, Server, run_server
from server.receiver import Receiver, receive


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receive() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, hook: Receiver) -> Iterator[Server]:
    config = CONFIG + f"  webhooks: [{{url: '{hook.url}', allow_private: true}}]\n"
    yield from run_server(tmp_path_factory.mktemp("webhooks"), config)


def heard(hook: Receiver, video: str) -> list[dict[str, object]]:
    return [json.loads(each.body) for each in hook.got if json.loads(each.body)["data"]["id"] == video]


def test_a_completed_video_is_told_in_openai_s_words(gateway: Server, hook: Receiver) -> None:
    video = gateway.video()
    gateway.finish(video)

    hook.wait_for(lambda got: bool(heard(hook, video)))

    (event,) = heard(hook, video)
    assert event == {
        "id": event["id"],
        "object": "event",
        "created_at": gateway.ask("GET", f"/v1/videos/{video}").json["completed_at"],
        "type": "video.completed",
        "data": {"id": video},
    }
    assert str(event["id"]).startswith("evt_")
