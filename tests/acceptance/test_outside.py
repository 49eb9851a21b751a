"""A provider that somebody else wrote, as docs/write-a-provider.md has it: installed, held to the contract, and used."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acceptance.conftest import Served, start_server, stop_server
from castlist import Client, InvalidRequest, NotImplementedHere
from castlist.testing.upstream import serve_upstream

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tests" / "outside" / "castlist-acme"
FILES = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)


def read_page() -> dict[str, str]:
    return dict(FILES.findall((ROOT / "docs" / "write-a-provider.md").read_text()))


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The files of the page, installed into a folder of their own as pip installs any package."""
    source, target = tmp_path_factory.mktemp("castlist-acme"), tmp_path_factory.mktemp("site")
    for name, content in read_page().items():
        (source / name).write_text(content)
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", target, source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return target


@contextmanager
def serve(folder: Path, installed: Path, *, also: str = "") -> Iterator[Served]:
    """A gateway with the page's configuration, and a line more where one is given."""
    (folder / "config.yaml").write_text(read_page()["config.yaml"] + also)
    with serve_upstream(key="sk-acme") as upstream:
        environ = {"PYTHONPATH": str(installed), "ACME_BASE": upstream.base_url, "ACME_KEY": "sk-acme"}
        served = start_server(folder / "data", "--config", str(folder / "config.yaml"), **environ)
        yield served
        stop_server(served)


@pytest.fixture(scope="module")
def served(installed: Path, tmp_path_factory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("outside"), installed) as served:
        yield served


def connect(served: Served) -> Client:
    return Client(served.url, api_key=(served.data / "master.key").read_text().strip())


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with connect(served) as client:
        yield client


def test_the_page_shows_the_package_that_is_kept_here():
    kept = {path.name: path.read_text() for path in PACKAGE.iterdir() if path.is_file()}

    assert {name: content for name, content in read_page().items() if name != "config.yaml"} == kept


@pytest.mark.slow
def test_it_keeps_the_contract(installed: Path, tmp_path: Path):
    (tmp_path / "test_castlist_acme.py").write_text(read_page()["test_castlist_acme.py"])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    environ = {"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


def test_it_makes_videos_like_any_other(client: Client):
    planned = client.videos.plan("A fox walks through snow", model="hero", seconds=8)
    video = client.videos.create("A fox walks through snow", model="hero", seconds=8).wait()

    assert (planned.first.provider, planned.first.cost.amount_micros) == ("acme", 400_000)
    assert (video.status, video.provider, video.cost.amount_micros) == ("completed", "acme", 400_000)
    assert client.videos.content(video)[4:8] == b"ftyp"


def test_what_it_does_not_do_is_refused_by_its_name_and_the_operations(client: Client):
    video = client.videos.create("A fox", model="hero", seconds=4).wait()

    for verb, ask in {
        "edit": lambda: client.videos.edit(video, "Snow"),
        "extend": lambda: client.videos.extend(video, "On", seconds=4),
        "remix": lambda: client.videos.remix(video, "Again"),
    }.items():
        with pytest.raises(NotImplementedHere, match=f"acme/acme-1 cannot {verb} a video") as refused:
            ask()
        assert refused.value.status == 501
        assert isinstance(refused.value, NotImplementedError)
    with pytest.raises(InvalidRequest, match="acme/acme-1 makes clips of 4, 8 seconds, not 5"):
        client.videos.create("A fox", model="hero", seconds=5)


def test_what_another_model_could_do_is_refused_with_its_name(installed: Path, tmp_path: Path):
    also = "  - {model_name: drawn, litellm_params: {model: animatic/animatic}, model_info: {mode: video_generation}}\n"
    with serve(tmp_path, installed, also=also) as served, connect(served) as client:
        video = client.videos.create("A fox", model="hero", seconds=4).wait()

        with pytest.raises(NotImplementedError, match=r"acme/acme-1 cannot edit a video\. Models here that can: drawn") as refused:
            client.videos.edit(video, "Snow", model="hero")

    assert (type(refused.value).__name__, refused.value.status) == ("UnsupportedOperation", 400)
