"""Programs as people write them, run in processes of their own, and a server as people start it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from castlist import samples

CASTLIST = [sys.executable, "-m", "castlist.cli"]
LIMIT = 240


def surroundings(data: Path, **more: str) -> dict[str, str]:
    """The environment of a program that finds nothing but its data directory."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | {"CASTLIST_DATA": str(data), "PYTHONUTF8": "1", "COLUMNS": "200"} | more


@dataclass(frozen=True)
class Desk:
    """A folder with the guides' clips, and a data directory; programs run here."""

    folder: Path
    data: Path

    def run(self, source: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A plain script with that source; its failure is the test's."""
        script = self.folder / "script.py"
        script.write_text(source, encoding="utf-8")
        done = self.call([sys.executable, "-W", "error::RuntimeWarning", str(script)], **environ)
        assert done.returncode == 0, done.stderr
        return done

    def castlist(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.call([*CASTLIST, *arguments], **environ)

    def call(self, command: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=surroundings(self.data, **environ),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LIMIT,
            check=False,
            stdin=subprocess.DEVNULL,
        )


def lay_out_desk(folder: Path, data: Path) -> Desk:
    folder.mkdir(parents=True, exist_ok=True)
    for name, sample in {"luna.mp4": "luna", "luna_intro.mp4": "luna", "character.mp4": "mossy"}.items():
        shutil.copyfile(samples.path(sample), folder / name)
    return Desk(folder, data)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which Luna is ready: copies of it save deriving her again."""
    folder = tmp_path_factory.mktemp("prepared")
    done = lay_out_desk(folder / "desk", folder / "data").castlist("characters", "create", "Luna", "luna.mp4")
    assert done.returncode == 0, done.stderr
    return folder / "data"


@pytest.fixture(scope="session")
def shared_data(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data directory for the tests that do not look at what else is in it."""
    return shutil.copytree(prepared, tmp_path_factory.mktemp("shared") / "data")


@pytest.fixture
def desk(tmp_path: Path, shared_data: Path) -> Desk:
    return lay_out_desk(tmp_path / "desk", shared_data)


@pytest.fixture
def own_desk(tmp_path: Path) -> Desk:
    """A desk on a data directory that nobody else uses."""
    return lay_out_desk(tmp_path / "desk", tmp_path / "data")


@dataclass(frozen=True)
class Served:
    """A running `castlist serve`: where it listens, and its process."""

    url: str
    data: Path
    process: subprocess.Popen[str]


def start_server(data: Path, *arguments: str, **environ: str) -> Served:
    """Start it and wait until it says where it listens."""
    command = [*CASTLIST, "serve", "--port", "0", "--json", "--data", str(data), *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=surroundings(data, **environ), stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            break
    assert text, "castlist serve said nothing"
    return Served(json.loads(text)["url"], data, process)


def stop_server(served: Served) -> int:
    served.process.terminate()
    code = served.process.wait(15)
    if served.process.stdout:
        served.process.stdout.close()
    return code


@pytest.fixture(scope="session")
def served(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = start_server(shutil.copytree(prepared, tmp_path_factory.mktemp("served") / "data"))
    yield served
    stop_server(served)
