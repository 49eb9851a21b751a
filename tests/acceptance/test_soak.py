"""A minute of the soak: upstreams that fail by lot, gateways that are killed, and accounts that agree in the end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("places", [("sqlite", "folder"), ("postgres", "s3")], ids="-".join)
def test_no_video_is_lost_or_paid_twice_while_gateways_are_killed(tmp_path: Path, places: tuple[str, str]) -> None:
    database, assets = places
    options = ["--jobs", "36", "--pace", "2", "--seconds", "30", "--keep", str(tmp_path / "soak"), "--json"]

    done = subprocess.run(
        [sys.executable, "-m", "soak", "--database", database, "--assets", assets, *options],
        capture_output=True, text=True, cwd=ROOT, timeout=280, check=False,
    )  # fmt: skip

    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["broken"] == [], (tmp_path / "soak" / "log").read_text()[-5000:]
    assert int(found["figures"]["accepted upstream"]) >= 30
