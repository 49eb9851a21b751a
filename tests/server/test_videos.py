"""Videos over HTTP: the shapes clients rely on."""

from openai.types import Video

from server.conftest import Server


def test_a_created_video_has_openai_s_shape(server: Server) -> None:
    reply = server.post("/v1/videos", {"prompt": "A lamp in a library", "model": "sora-2", "seconds": "8", "size": "1280x720"})

    assert reply.status == 200, reply.body
    video = Video.model_validate(reply.json)
    assert set(video.model_extra or {}) == {"castlist"}
    assert (video.status, video.seconds, video.size, video.model) == ("queued", "8", "1280x720", "sora-2")
    assert int(reply.headers["openai-poll-after-ms"]) >= 300


def test_a_video_ends_and_can_be_downloaded(server: Server) -> None:
    video = server.finish(server.video())

    assert video["status"] == "completed", video
    assert video["progress"] == 100
    reply = server.ask("GET", f"/v1/videos/{video['id']}/content")
    assert (reply.status, reply.headers["content-type"]) == (200, "video/mp4")
    assert reply.body[4:8] == b"ftyp"
