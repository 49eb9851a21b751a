"""Every route with an id, asked by another project: the very answer that an unknown id gets."""

import json

import pytest

from castlist.server.routes import ROADS, Road
from server.conftest import OTHER_KEY, Reply, Server
from server.finished import add_character, add_finished, new_id

WITH_IDS = [road for road in ROADS if "{video_id}" in road.path or "{character_id}" in road.path]


def _ask(server: Server, road: Road, id: str) -> Reply:
    path = "/v1" + road.path.replace("{video_id}", id).replace("{character_id}", id)
    if road.method == "POST":
        return server.post(path, {"prompt": "Mine now"}, key=OTHER_KEY)
    return server.ask(road.method, path, key=OTHER_KEY)


@pytest.mark.parametrize("road", WITH_IDS, ids=lambda road: f"{road.method} {road.path}")
def test_a_route_tells_nothing_about_another_project_s_id(server: Server, road: Road) -> None:
    is_video = "{video_id}" in road.path
    theirs = add_finished(server) if is_video else add_character(server, "Mossy")
    unknown = new_id("video" if is_video else "char")

    found, missing = _ask(server, road, theirs), _ask(server, road, unknown)

    assert (found.status, missing.status) == (404, 404)
    assert found.body.replace(theirs.encode(), b"") == missing.body.replace(unknown.encode(), b"")
    mine = f"/v1/videos/{theirs}" if is_video else f"/v1/videos/characters/{theirs}"
    assert server.ask("GET", mine).status == 200


def test_ids_in_bodies_and_queries_tell_nothing_either(server: Server) -> None:
    video, character = add_finished(server), add_character(server, "Mossy")
    asked = {
        "/v1/videos/edits": ({"prompt": "Mine", "video": {"id": video}}, video),
        "/v1/videos/extensions": ({"prompt": "Mine", "seconds": "4", "video": {"id": video}}, video),
        "/v1/videos": ({"prompt": "Mossy", "characters": [{"id": character}]}, character),
    }
    for path, (fields, theirs) in asked.items():
        unknown = new_id(theirs.partition("_")[0])
        found = server.post(path, fields, key=OTHER_KEY)
        missing = server.post(path, json.loads(json.dumps(fields).replace(theirs, unknown)), key=OTHER_KEY)
        assert (found.status, missing.status) == (404, 404)
        assert found.body.replace(theirs.encode(), b"") == missing.body.replace(unknown.encode(), b"")
    for path in (f"/v1/videos?after={video}", f"/v1/videos/characters?after={character}"):
        assert server.ask("GET", path, key=OTHER_KEY).error["code"] == "unknown_cursor"
    assert server.ask("GET", f"/v1/videos?character={character}", key=OTHER_KEY).json["data"] == []
    assert server.ask("GET", "/v1/videos/characters", key=OTHER_KEY).json["data"] == []
