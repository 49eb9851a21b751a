"""How long the files of a finished video are kept: from the configuration to what a client reads."""

from collections.abc import Iterator

import pytest
from openai import NotFoundError, OpenAI

from server.conftest import KEY, Server, run_server

CONFIG = """
model_list: [{model_name: sora-2, litellm_params: {model: fake/instant}}]
general_settings: {master_key: sk-test-master}
castlist: {keep_days: 3}
"""
DAYS = 3 * 86_400
VARIANTS = ("video", "thumbnail", "spritesheet")


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from run_server(tmp_path_factory.mktemp("keeping"), CONFIG)


def come_to_its_day(server: Server, id: str) -> None:
    """Let the video have been finished three days ago."""

    def turn(connection):
        connection.execute(
            "UPDATE jobs SET doc = json_set(doc, '$.expires_at', '2026-01-02T03:04:05+00:00'), revision = revision + 1 WHERE id = ?", (id,)
        )
        connection.execute("UPDATE expiries SET due_at = 1 WHERE owner = ?", (id,))

    server.run(server.gateway.storage.write(turn))


@pytest.mark.filterwarnings("ignore:The Sora API is scheduled")
def test_expires_at_is_true(keeping: Server) -> None:
    id, lasting = keeping.video(), keeping.video()
    video = keeping.finish(id)
    keeping.finish(lasting)
    files = len(list((keeping.data / "assets").glob("*/asset_*")))
    assert video["expires_at"] == video["completed_at"] + DAYS
    assert all(keeping.ask("GET", f"/v1/videos/{id}/content?variant={each}").status == 200 for each in VARIANTS)
    link = str(video["castlist"]["urls"]["video"]).removeprefix(keeping.base)

    come_to_its_day(keeping, id)
    before = [keeping.ask("GET", f"/v1/videos/{id}/content?variant={each}") for each in VARIANTS]
    keeping.run(keeping.gateway.engine.sweep())
    after = [keeping.ask("GET", f"/v1/videos/{id}/content?variant={each}") for each in VARIANTS]

    for reply in (*before, *after, keeping.ask("GET", link, key="none")):
        assert (reply.status, reply.error["code"]) == (404, "content_expired")
    assert "were kept until 2026-01-02 03:04 UTC (castlist.keep_days)" in before[0].error["message"]
    assert len(list((keeping.data / "assets").glob("*/asset_*"))) == files - len(VARIANTS)
    assert keeping.ask("GET", f"/v1/videos/{id}").json["status"] == "completed"
    assert keeping.ask("GET", f"/v1/videos/{lasting}/content").status == 200
    with OpenAI(base_url=f"{keeping.base}/v1", api_key=KEY, max_retries=0) as client, pytest.raises(NotFoundError, match="were kept until"):
        client.videos.download_content(id)


def test_what_is_no_longer_kept_is_nothing_to_start_from(keeping: Server) -> None:
    id = keeping.video()
    keeping.finish(id)
    come_to_its_day(keeping, id)
    keeping.run(keeping.gateway.engine.sweep())

    reply = keeping.post(f"/v1/videos/{id}/remix", {"prompt": "Once more"})

    assert (reply.status, reply.error["code"], reply.error["param"]) == (404, "content_expired", "video")
