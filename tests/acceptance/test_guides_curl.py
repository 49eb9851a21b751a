"""The guides' curl commands, as they stand but for address and ids: what curl would send is sent, and what it gets is right."""

import shlex

import httpx2
import pytest
from gateways import Served, serve

from castlist import samples

MAKE = """curl -X POST "http://localhost:4000/v1/videos/characters" \\
-H "Authorization: Bearer sk-litellm-key" \\
-F "video=@character.mp4" \\
-F "name=Mossy"
"""
GENERATE = """curl -X POST "http://localhost:4000/v1/videos" \\
-H "Authorization: Bearer sk-litellm-key" \\
-H "Content-Type: application/json" \\
-d '{
"model": "sora-2",
"prompt": "Mossy dances through a meadow of glowing flowers.",
"characters": [{"id": "char_abc123def456"}],
"seconds": "8",
"size": "1280x720"
}'
"""
SHOW = """curl -X GET "http://localhost:4000/v1/videos/characters/char_xyz123" \\
-H "Authorization: Bearer sk-litellm-key"
"""


def send(command: str, gateway: Served) -> httpx2.Response:
    """What curl makes of -X, -H, -F and -d."""
    words = iter(shlex.split(command.replace("\\\n", " ").replace("http://localhost:4000", gateway.url)))
    assert next(words) == "curl"
    method, url, headers, form, files, body = "GET", "", {}, {}, {}, None
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-F":
                name, _, value = next(words).partition("=")
                if value.startswith("@"):
                    files[name] = (value[1:], samples.path("mossy.mp4").read_bytes())
                else:
                    form[name] = value
            case "-d":
                body = next(words)
            case _:
                url = word
    return httpx2.request(method, url, headers=headers, content=body, data=form or None, files=files or None, timeout=30)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("curl") / "data", "--no-worker") as served:
        yield served


def test_the_guides_commands_make_a_character_film_it_and_show_it(gateway):
    made = send(MAKE, gateway)
    assert made.status_code == 200, made.text
    character = made.json()

    shown = send(SHOW.replace("char_xyz123", character["id"]), gateway)
    assert (shown.status_code, shown.json()["name"]) == (200, "Mossy")

    filmed = send(GENERATE.replace("char_abc123def456", character["id"]), gateway)
    video = filmed.json()
    assert filmed.status_code == 200, filmed.text
    assert (video["object"], video["status"], video["model"], video["seconds"], video["size"]) == (
        "video",
        "queued",
        "sora-2",
        "8",
        "1280x720",
    )


def test_the_guides_own_ids_are_answered_with_what_they_are(gateway):
    for command in (SHOW, GENERATE):
        answer = send(command, gateway)

        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "unknown_character"
