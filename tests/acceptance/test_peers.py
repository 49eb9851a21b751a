"""Other people's clients, unchanged, against `castlist serve`; `scripts/peers` installs them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from acceptance.conftest import Served, surroundings
from acceptance.watching import watch
from castlist import samples

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PYTHON = "bin/python"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def peers() -> Path:
    """The folder with the peers' environments."""
    subprocess.run([ROOT / "scripts" / "peers"], check=True, stdin=subprocess.DEVNULL)
    return ROOT


def walk(command: list[str | Path], served: Served, out: Path, *more: str) -> dict[str, object]:
    """Run a peer's program; what it printed last, as JSON."""
    arguments = [*command, served.url, samples.path("luna"), out, *more]
    done = subprocess.run(
        arguments,
        capture_output=True,
        text=True,
        env=surroundings(out, LITELLM_LOCAL_MODEL_COST_MAP="True"),
        cwd=out,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def assert_watchable(out: Path) -> None:
    scene, extended = watch(out / "scene.mp4"), watch(out / "extended.mp4")
    assert (scene.size, scene.frames, extended.frames) == ((320, 180), 24, 48)
    assert scene.shows_luna
    assert extended.shows_luna


def test_an_older_openai_for_python(peers, served, tmp_path):
    seen = walk([peers / ".venv-peers/openai" / PYTHON, HERE / "peer_openai.py"], served, tmp_path)

    assert seen["version"] == "2.54.0"
    assert seen["statuses"] == ["completed"] * 4
    assert (seen["name"], seen["seconds"], seen["async"]) == ("Luna", "2", "completed")
    assert_watchable(tmp_path)


def test_litellm_s_own_functions(peers, served, tmp_path):
    seen = walk([peers / ".venv-peers/litellm" / PYTHON, HERE / "peer_litellm.py"], served, tmp_path)

    assert seen["statuses"] == ["completed"] * 4
    assert (seen["name"], seen["seconds"]) == ("Luna", "2")
    assert seen["listed"]
    assert_watchable(tmp_path)


def test_openai_for_node(peers, served, tmp_path):
    node = shutil.which("node")
    assert node, "Node is needed for this test"

    seen = walk([node, HERE / "peer_openai.mjs"], served, tmp_path, str(peers / ".node-peers"))

    assert seen["statuses"] == ["completed"] * 5
    assert seen["casts"] == [["Luna"]] * 5
    assert (seen["name"], seen["seconds"], seen["deleted"]) == ("Luna", "2", True)
    assert_watchable(tmp_path)
