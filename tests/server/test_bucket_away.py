"""A bucket that goes away: what somebody reads who watches, downloads or uploads then, and that nothing of it is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import buckets
from castlist import samples
from server.conftest import Server, run_server
from server.finished import add_character, add_finished

CONFIG = """
model_list: [{{model_name: sora-2, litellm_params: {{model: fake/instant}}}}]
general_settings: {{master_key: sk-test-master}}
castlist: {{assets: '{place}'}}
"""


@pytest.fixture(scope="module")
def bucket() -> Iterator[buckets.Server]:
    """A server of this module's own, as it goes away."""
    with buckets.server() as found:
        yield found


@pytest.fixture(scope="module")
def server(bucket: buckets.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from run_server(tmp_path_factory.mktemp("away"), CONFIG.format(place=bucket.bucket()), environ=bucket.environ)


def test_who_watches_reads_on_who_wants_files_is_told_to_come_again_and_nothing_is_lost(server: Server, bucket: buckets.Server) -> None:
    old, character = add_finished(server), add_character(server, "Mossy")
    clip = ("video", Path(samples.path("luna")).read_bytes(), "luna.mp4")
    files = [f"/v1/videos/{old}/content", f"/v1/videos/{old}/content?variant=thumbnail", f"/v1/videos/characters/{character}/content"]
    bucket.stop()
    try:
        refused = [server.ask("GET", path) for path in files]
        uploaded = server.form("/v1/videos/characters", ("name", "Luna", None), clip)
        shown, listed = server.ask("GET", f"/v1/videos/{old}"), server.ask("GET", "/v1/videos")
        new = server.video()
    finally:
        bucket.start()
    video = server.finish(new)

    for reply in refused:
        assert (reply.status, reply.headers["retry-after"], reply.error["code"]) == (503, "5", "storage_failed")
        assert str(reply.error["message"]).startswith("a file cannot be read from s3://videos/kept/")
    assert (uploaded.status, uploaded.headers["retry-after"], uploaded.error["code"]) == (503, "5", "storage_failed")
    assert "files cannot be stored in" in str(uploaded.error["message"])
    assert (shown.status, listed.status, video["status"]) == (200, 200, "completed")
    assert len(video["castlist"]["attempts"]) == 1
    assert [each["name"] for each in server.ask("GET", "/v1/videos/characters").json["data"]] == ["Mossy"]
    assert [server.ask("GET", path).status for path in files] == [200] * len(files)
    assert server.left() == []
