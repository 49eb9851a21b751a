"""The files for many machines name only what there is, and the page explains every variable."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from castlist.cli.worker import ALIVE
from castlist.config import load
from castlist.config.places import VARIABLES
from castlist.model.places import Bucket
from castlist.server.routes import PLAIN_ROADS

ROOT = Path(__file__).parents[3]
ENVIRON = {
    "CASTLIST_MASTER_KEY": "sk-x",
    "CASTLIST_DATABASE_URL": "postgresql://castlist:x@database/castlist",
    "CASTLIST_ASSETS": "s3://videos/castlist",
}
OWN = {"CASTLIST_CONFIG", "CASTLIST_DATA", "PGPASSWORD", *ENVIRON}


def kubernetes() -> list[dict]:
    return list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text()))


def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def pods() -> list[dict]:
    return [each["spec"]["template"]["spec"] for each in kubernetes() if each["kind"] == "Deployment"]


def named() -> set[str]:
    """Every variable that the files give to a process of ours."""
    secret = next(each for each in kubernetes() if each["kind"] == "Secret")
    found = {entry["name"] for pod in pods() for box in pod["containers"] for entry in box["env"]}
    ours = [service for service in compose().values() if service["image"] == "castlist"]
    return found.union(secret["stringData"], *(service["environment"] for service in ours))


def test_the_configurations_are_read_without_a_warning(tmp_path):
    text = next(each for each in kubernetes() if each["kind"] == "ConfigMap")["data"]["castlist.yaml"]
    (tmp_path / "castlist.yaml").write_text(text)

    for path in (ROOT / "deploy" / "castlist.yaml", tmp_path / "castlist.yaml"):
        settings = load(path, environ=ENVIRON)
        assert settings.warnings == ()
        assert (settings.host, settings.place) == ("0.0.0.0", load(None, environ=ENVIRON).place)
        assert isinstance(settings.place, Bucket)


def test_every_variable_is_one_that_is_read_and_is_explained():
    known = OWN.union(*VARIABLES.values())
    known |= set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    explained = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs" / "deploy.md").read_text()))

    assert named() - known == set()
    assert known - explained == set()


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_the_probes_ask_routes_that_there_are(probe):
    paths = {road.path for road in PLAIN_ROADS}

    [gateway] = [box for pod in pods() for box in pod["containers"] if box["args"] == ["serve"]]
    assert gateway[probe]["httpGet"]["path"] in paths


def test_a_worker_is_looked_at_by_the_age_of_its_file(tmp_path):
    [worker] = [box for pod in pods() for box in pod["containers"] if box["args"] == ["worker"]]
    asked = [
        worker["startupProbe"]["exec"]["command"],
        worker["livenessProbe"]["exec"]["command"],
        compose()["worker"]["healthcheck"]["test"][1:],
    ]

    def look() -> set[int]:
        codes = [each[2].replace(f"/data/{ALIVE}", str(tmp_path / ALIVE)) for each in asked]
        return {subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL, check=False).returncode for code in codes}

    assert look() == {1}, "it has not begun"
    (tmp_path / ALIVE).touch()
    assert look() == {0}
    os.utime(tmp_path / ALIVE, (time.time() - 90, time.time() - 90))
    assert look() == {1}, "it hangs"


def test_a_process_has_time_to_hand_over():
    assert all(pod["terminationGracePeriodSeconds"] >= 30 for pod in pods())
    assert all(service["stop_grace_period"] == "90s" for service in compose().values() if service["image"] == "castlist")
