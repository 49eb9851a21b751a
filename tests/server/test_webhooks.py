"""Webhooks out, over real sockets: what a receiver gets of the end of a video, what it verifies it with, and what can be asked about it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from castlist import Client
from server.conftest import CONFIG, OTHER_KEY, Server, run_server
from server.receiver import Received, Receiver, receive


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receive() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, hook: Receiver) -> Iterator[Server]:
    config = CONFIG + f"  webhooks: [{{url: '{hook.url}', allow_private: true}}]\n"
    yield from run_server(tmp_path_factory.mktemp("webhooks"), config)


def about(hook: Receiver, video: str) -> list[Received]:
    """What came about a video."""
    return [each for each in hook.got if json.loads(each.body)["data"]["id"] == video]


def told(hook: Receiver, video: str, *, count: int = 1) -> Received:
    hook.wait_for(lambda got: len(about(hook, video)) >= count)
    return about(hook, video)[-1]


def deliveries(server: Server, video: str, *, key: str | None = None) -> list[dict[str, object]]:
    listed = server.ask("GET", f"/v1/webhook_deliveries?video={video}", key=key).json["data"]
    assert isinstance(listed, list)
    return listed


def settled(server: Server, video: str) -> dict[str, object]:
    """The one delivery about a video, once it waits for nothing."""
    while True:
        (delivery,) = deliveries(server, video)
        if delivery["attempts"]:
            return delivery


def rotate(server: Server) -> str:
    reply = server.ask("POST", "/v1/webhook_secret/rotate")
    assert reply.status == 200, reply.body
    return str(reply.json["secret"])


def test_a_completed_video_is_told_in_openai_s_words(gateway: Server, hook: Receiver) -> None:
    video = gateway.video()
    gateway.finish(video)

    event = json.loads(told(hook, video).body)

    assert event == {
        "id": event["id"],
        "object": "event",
        "created_at": gateway.ask("GET", f"/v1/videos/{video}").json["completed_at"],
        "type": "video.completed",
        "data": {"id": video},
    }
    assert event["id"].startswith("evt_")


def test_metrics_say_what_was_delivered_and_how_late(gateway: Server, hook: Receiver) -> None:
    before = len(hook.got)
    gateway.finish(gateway.video())
    hook.wait(before + 1)

    def read() -> dict[str, float]:
        lines = gateway.ask("GET", "/metrics").body.decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("castlist_webhook")}

    found = read()
    while found["castlist_webhooks_waiting"]:
        found = read()

    assert found['castlist_webhooks_total{outcome="delivered"}'] >= 1
    assert {f'castlist_webhooks_total{{outcome="{word}"}}' for word in ("put_off", "dead", "disabled")} <= set(found)
    assert found['castlist_webhook_lag_seconds_bucket{le="+Inf"}'] == found["castlist_webhook_lag_seconds_count"] >= 1
    assert found["castlist_webhook_lag_seconds_sum"] < 60 * found["castlist_webhook_lag_seconds_count"]
    assert found["castlist_webhooks_oldest_seconds"] == 0


def test_a_failed_and_a_cancelled_video_are_told_as_failed(gateway: Server, hook: Receiver) -> None:
    failed, stuck = gateway.video(model="broken"), gateway.video(model="stuck")
    gateway.post(f"/v1/videos/{stuck}/cancel", {})

    assert [json.loads(told(hook, video).body)["type"] for video in (failed, stuck)] == ["video.failed", "video.failed"]


def test_both_libraries_verify_what_came_and_nothing_that_was_changed(gateway: Server, hook: Receiver) -> None:
    secret = rotate(gateway)
    video = gateway.video()
    received = told(hook, video)
    client = openai.OpenAI(api_key="unused", webhook_secret=secret)

    event = client.webhooks.unwrap(received.body.decode(), received.headers)
    Webhook(secret).verify(received.body, received.headers)

    assert (event.type, event.data.id, event.id) == ("video.completed", video, received.headers["webhook-id"])
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(received.body.decode().replace("completed", "failed"), received.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(received.body, {**received.headers, "webhook-id": "evt_other"})


def test_after_a_rotation_both_secrets_verify(gateway: Server, hook: Receiver) -> None:
    before, after = rotate(gateway), rotate(gateway)
    received = told(hook, gateway.video())

    for secret in (before, after):
        Webhook(secret).verify(received.body, received.headers)

    signing = gateway.ask("GET", "/v1/webhook_secret").json["signing"]
    assert isinstance(signing, list)
    assert [each["until"] is None for each in signing[:2]] == [True, False]
    assert all(each["readable"] for each in signing)


def test_a_secret_is_shown_once_and_kept_encrypted(gateway: Server, hook: Receiver) -> None:
    secret = rotate(gateway)
    told(hook, gateway.video())

    assert secret.encode() not in gateway.ask("GET", "/v1/webhook_secret").body
    files = [path for path in gateway.data.rglob("*") if path.is_file()]
    assert any(path.name == "castlist.db" for path in files)
    assert not [path for path in files if secret.removeprefix("whsec_").encode() in path.read_bytes()]


def test_a_request_names_a_webhook_of_its_own(gateway: Server, hook: Receiver) -> None:
    mine = hook.url.replace("/hook", "/mine?job=7")
    video = gateway.video(castlist={"webhook": {"url": mine}})

    hook.wait_for(lambda got: len(about(hook, video)) == 2)

    assert sorted(each.path for each in about(hook, video)) == ["/hook", "/mine?job=7"]
    assert len({each.headers["webhook-id"] for each in about(hook, video)}) == 1


def test_a_form_names_a_webhook_too(gateway: Server, hook: Receiver) -> None:
    mine = hook.url.replace("/hook", "/formed")
    reply = gateway.form("/v1/videos", ("prompt", "A lamp", None), ("model", "sora-2", None), ("castlist[webhook][url]", mine, None))
    assert reply.status == 200, reply.body

    hook.wait_for(lambda got: any(each.path == "/formed" for each in got))

    assert any(each.path == "/formed" for each in about(hook, str(reply.json["id"])))


def test_what_is_delivered_can_be_looked_up_and_sent_once_more_under_the_same_id(gateway: Server, hook: Receiver) -> None:
    video = gateway.video()
    first = told(hook, video)
    delivery = settled(gateway, video)
    assert (delivery["state"], delivery["attempts"][0]["status"], delivery["url"]) == ("delivered", 200, hook.url)

    again = gateway.ask("POST", f"/v1/webhook_deliveries/{delivery['id']}/redeliver")
    second = told(hook, video, count=2)

    assert (again.status, again.json["state"]) == (200, "pending")
    assert (second.body, second.headers["webhook-id"]) == (first.body, first.headers["webhook-id"])


def test_endpoints_are_listed_as_openai_s_client_reads_them(gateway: Server, hook: Receiver) -> None:
    client = openai.OpenAI(api_key="sk-test-master", base_url=f"{gateway.base}/v1", max_retries=0)

    (endpoint,) = client.webhooks.list()
    result = client.webhooks.test(endpoint.id, event_type="video.failed")

    assert (endpoint.url, endpoint.event_types) == (hook.url, ["video.completed", "video.failed"])
    assert client.webhooks.retrieve(endpoint.id) == endpoint
    assert (result.status_code, result.event_type) == (200, "video.failed")
    assert json.loads(hook.got[-1].body)["type"] == "video.failed"


def test_another_project_s_webhooks_are_nobody_else_s(gateway: Server, hook: Receiver) -> None:
    video = gateway.video()
    told(hook, video)
    delivery = settled(gateway, video)
    paths = [
        ("GET", f"/v1/webhook_deliveries/{delivery['id']}"),
        ("POST", f"/v1/webhook_deliveries/{delivery['id']}/redeliver"),
        ("GET", f"/v1/webhook_endpoints/{delivery['endpoint_id']}"),
        ("POST", f"/v1/webhook_endpoints/{delivery['endpoint_id']}/test"),
    ]

    for method, path in paths:
        unknown = path.replace(str(delivery["id"]), "dlv_0").replace(str(delivery["endpoint_id"]), "we_0")
        found = gateway.ask(method, path, key=OTHER_KEY)
        missing = gateway.ask(method, unknown, key=OTHER_KEY)
        assert (found.status, missing.status) == (404, 404)
        assert found.json["error"]["code"] == missing.json["error"]["code"]  # type: ignore[index]  # an error is an object
    assert deliveries(gateway, video, key=OTHER_KEY) == []
    assert gateway.ask("GET", "/v1/webhook_endpoints", key=OTHER_KEY).json["data"] == []
    assert gateway.ask("GET", "/v1/webhook_secret", key=OTHER_KEY).json["signing"] == []


@pytest.mark.parametrize(
    ("webhook", "code"),
    [
        ({"url": "http://169.254.169.254/latest"}, "private_address"),
        ({"url": "http://127.0.0.1:1/hook"}, "private_address"),
        ({"url": "http://localhost/hook"}, "private_address"),
        ({"url": "https://[::1]/hook"}, "private_address"),
        ({"url": "https://user:pass@example.com/"}, "invalid_webhook"),
        ({"url": "ftp://example.com/"}, "invalid_webhook"),
        ({"url": "https://example.com/#part"}, "invalid_webhook"),
        ({"url": ""}, "invalid_webhook"),
        ({}, "invalid_webhook"),
        ({"url": "https://example.com/", "secret": "x"}, "unknown_field"),
        (7, "invalid_webhook"),
    ],
)
def test_a_webhook_that_can_never_be_told_is_refused_at_once(gateway: Server, webhook: object, code: str) -> None:
    reply = gateway.post("/v1/videos", {"prompt": "A lamp", "castlist": {"webhook": webhook}})

    assert (reply.status, reply.error["code"]) == (400, code)


def test_the_python_client_asks_the_same(gateway: Server, hook: Receiver) -> None:
    with Client(gateway.base, api_key="sk-test-master") as client:
        video = client.videos.create("A lamp", model="sora-2", webhook=hook.url.replace("/hook", "/python")).wait()
        hook.wait_for(lambda got: len(about(hook, video.id)) == 2)
        (endpoint, *_), page = client.webhooks.list(), client.webhooks.history(video=video.id)
        trial = client.webhooks.test(endpoint)
        again = client.webhooks.redeliver(page.data[0])
        made = client.webhooks.rotate()

        assert (endpoint.url, endpoint.configured, client.webhooks.get(endpoint.id)) == (hook.url, True, endpoint)
        assert sorted(each.url for each in page.data) == [hook.url, hook.url.replace("/hook", "/python")]
        assert (trial.status_code, trial.error) == (200, None)
        assert (again.event_id, client.webhooks.delivery(again).id) == (page.data[0].event_id, again.id)
        assert str(made.secret).startswith("whsec_")
        assert client.webhooks.secret().secret is None
        assert hook.url not in repr((endpoint, page.data))


def test_the_commands_ask_the_same(gateway: Server, hook: Receiver, tmp_path: Path) -> None:
    around = {**os.environ, "CASTLIST_BASE_URL": gateway.base, "CASTLIST_API_KEY": "sk-test-master", "CASTLIST_DATA": str(tmp_path)}
    video = gateway.video()
    told(hook, video)

    def shell(*words: str) -> str:
        command = [sys.executable, "-m", "castlist.cli", "webhooks", *words]
        return subprocess.run(command, env=around, capture_output=True, text=True, check=True).stdout

    listed = shell("list")
    endpoint = gateway.ask("GET", "/v1/webhook_endpoints").json["data"][0]["id"]  # type: ignore[index]  # one of a list
    delivery = json.loads(shell("history", "--video", video, "--json"))["data"][0]["id"]
    assert (hook.url in listed, "signed with the secret of" in listed) == (True, True)
    assert "200" in shell("test", str(endpoint))
    assert "pending" in shell("redeliver", delivery)
    assert "whsec_" in shell("rotate")


def test_bad_questions_say_what_would_work(gateway: Server) -> None:
    assert gateway.ask("GET", "/v1/webhook_deliveries?state=lost").error["code"] == "invalid_state"
    assert gateway.ask("GET", "/v1/webhook_deliveries?after=dlv_0").error["code"] == "unknown_cursor"
    assert gateway.ask("GET", "/v1/webhook_deliveries?status=dead").error["code"] == "unknown_field"
    endpoint = gateway.ask("GET", "/v1/webhook_endpoints").json["data"][0]["id"]  # type: ignore[index]  # one of a list
    assert gateway.post(f"/v1/webhook_endpoints/{endpoint}/test", {"event_type": "batch.completed"}).error["param"] == "event_type"
