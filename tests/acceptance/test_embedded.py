"""A gateway inside a program: it starts by itself, leaves nothing behind, and says what is unfinished."""

import json
import subprocess
import sys

import pytest

from acceptance.conftest import Desk, lay_out_desk
from castlist.storage.holders import FolderHolders

UNFINISHED = """
import castlist

video = castlist.Client().videos.create("Nobody", seconds=20, size="1280x720")
print(video.id)
"""

FAILING = """
import castlist

castlist.Client().models.list()
raise SystemExit(3)
"""

SHARING = """
import threading
import castlist

first, second = castlist.Client(), castlist.Client()
assert first.models.list() == second.models.list()
assert [model.id for model in castlist.Client().models.list()] == ["animatic", "sora-2", "sora-2-pro"]
print(sum(thread.name == "castlist" for thread in threading.enumerate()))
"""

FORKING = """
import os
import castlist

castlist.Client().models.list()
child = os.fork()
if child == 0:
    print(len(castlist.Client().models.list()), flush=True)
else:
    print(os.waitpid(child, 0)[1])
"""

FILMING = """
import av
import castlist
from castlist import samples

with av.open(str(samples.path("luna.mp4"))) as film:
    next(film.decode(video=0)).reformat(width=640, height=360, format="rgb24")
print(castlist.Client().characters.create("Luna", samples.path("luna.mp4")).name)
"""

CONFIGURED = """
import castlist

print([model.id for model in castlist.Client().models.list()])
"""


def test_an_application_may_use_pyav_beside_it(own_desk):
    assert own_desk.run(FILMING).stdout == "Luna\n"


def test_unfinished_work_is_told_and_goes_on(own_desk):
    done = own_desk.run(UNFINISHED.replace("=20", "=1").replace("1280x720", "320x180"))
    worked = own_desk.castlist("worker", "--until-idle", "--json")
    shown = own_desk.castlist("videos", "show", done.stdout.strip(), "--json")

    assert done.stderr.count("\n") == 1
    assert "castlist worker" in done.stderr
    assert json.loads(worked.stdout) == {"unfinished": 0}
    assert (own_desk.data / "worker.alive").is_file()
    assert json.loads(shown.stdout)["status"] == "completed"


def test_work_that_a_worker_is_at_is_not_called_left(own_desk):
    own_desk.run(UNFINISHED)
    worker = FolderHolders(own_desk.data)
    worker.enter()
    worker.mark("worker")

    beside = own_desk.castlist("videos", "list")
    worker.leave()
    alone = own_desk.castlist("videos", "list")

    assert (beside.returncode, beside.stderr) == (0, "")
    assert "not finished" in alone.stderr


def test_a_program_ends_although_a_render_is_running(own_desk):
    done = own_desk.run(UNFINISHED)

    assert done.stdout.startswith("video_")
    assert list((own_desk.data / "holders").iterdir()) == []
    assert list((own_desk.data / "scratch").iterdir()) == []


def test_a_program_that_fails_ends_as_it_would(own_desk):
    script = own_desk.folder / "script.py"
    script.write_text(FAILING)

    assert own_desk.call([sys.executable, str(script)]).returncode == 3
    assert list((own_desk.data / "holders").iterdir()) == []


def test_one_process_has_one_gateway_on_a_directory(own_desk):
    assert own_desk.run(SHARING).stdout.strip() == "1"


def test_a_forked_child_has_its_own(own_desk):
    assert own_desk.run(FORKING).stdout.split() == ["3", "0"]


def test_a_deep_directory_will_do(tmp_path):
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 6)
    desk: Desk = lay_out_desk(tmp_path / "desk", deep)

    assert desk.run(SHARING).stdout.strip() == "1"


def test_a_configuration_is_taken_from_the_environment(own_desk):
    config = own_desk.folder / "config.yaml"
    config.write_text("model_list:\n  - {model_name: mine, litellm_params: {model: animatic/animatic}}\n")

    assert own_desk.run(CONFIGURED, CASTLIST_CONFIG=str(config)).stdout.strip() == "['mine']"


def test_a_mistake_in_the_configuration_is_the_caller_s_error(own_desk):
    (own_desk.folder / "config.yaml").write_text("model_lst: []\n")
    (own_desk.folder / "script.py").write_text(CONFIGURED)

    done = own_desk.call([sys.executable, "script.py"], CASTLIST_CONFIG="config.yaml")

    assert done.returncode == 1
    assert "ConfigError" in done.stderr
    assert "model_list" in done.stderr


@pytest.mark.parametrize("name", ["Client", "avideo"])
def test_the_package_is_imported_quickly(name):
    code = f"import time; t = time.process_time(); import castlist; castlist.{name}; print(time.process_time() - t)"
    times = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) for _ in range(3)]

    assert min(times) < 0.2
