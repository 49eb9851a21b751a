"""`castlist storage`: what is kept, counted, and what nobody has, removed."""

import asyncio
import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from castlist.cli.storage import app
from castlist.model.jobs import Result, State
from castlist.storage import Storage
from storage.samples import a_job, create, held, store, wall


async def fill(folder, tmp_path) -> dict[str, str]:
    """A finished video with its opening frame, one file without a row, one row without an owner and one without a file."""
    storage = await Storage.open(folder)
    frame = await store(storage, tmp_path, content=b"f" * 1024)
    await storage.assets.add(frame)
    files = [await store(storage, tmp_path, content=b"r" * 2048) for _ in range(3)]
    busy = replace(await held(storage, a_job(create(reference=frame.id), at=wall())), state=State.STORING)
    result = Result(*[file.id for file in files], 4.0, 1280, 720)
    await storage.jobs.finish(busy.to(State.SUCCEEDED, result=result), attempt=None, assets=files)
    await storage.close()
    stray = folder / "assets" / "zz" / "asset_strayzz"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"s" * 512)
    path = folder / "assets" / files[2].id[-2:] / files[2].id
    path.unlink()
    old = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    os.utime(stray, (old, old))
    return {"stray": str(stray), "gone": files[2].id}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def say(folder, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--data", str(folder)], env={"CASTLIST_CONFIG": ""})
    assert done.exit_code == 0, done.output
    return done.stdout


def test_show_counts_what_is_kept_by_project_and_kind(folder, tmp_path):
    asyncio.run(fill(folder, tmp_path))

    found, table = json.loads(say(folder, "show", "--json")), say(folder, "show")

    assert (found["place"], found["keep_days"], found["bytes"]) == (str(folder / "assets"), None, 1024 + 3 * 2048)
    kept = {(each["project"], each["kind"]): (each["files"], each["bytes"]) for each in found["kept"]}
    assert kept == {("default", "reference"): (1, 1024), ("default", "result"): (3, 6144)}
    assert "for ever" in table
    assert "0.0 MiB" in table


def test_show_says_how_long_files_are_kept(folder, tmp_path):
    config = tmp_path / "castlist.yaml"
    config.write_text("castlist: {keep_days: 30}\n")

    assert json.loads(say(folder, "show", "--json", "--config", str(config)))["keep_days"] == 30
    assert "30 days" in say(folder, "show", "--config", str(config))


def test_sweep_says_what_it_would_remove_removes_it_and_names_what_is_gone(folder, tmp_path):
    known = asyncio.run(fill(folder, tmp_path))
    stray = tmp_path / "data" / "assets" / "zz" / "asset_strayzz"

    dry = json.loads(say(folder, "sweep", "--dry-run", "--json"))
    still = stray.exists()
    swept = say(folder, "sweep")
    again = json.loads(say(folder, "sweep", "--json"))

    assert (dry["removed"], dry["files"], dry["bytes"], dry["rows"]) == (False, 1, 512, 0)
    assert (still, stray.exists(), str(stray)) == (True, False, known["stray"])
    assert "1 files (0.0 MiB) and 0 rows removed" in swept
    assert (again["removed"], again["files"]) == (True, 0)


def test_a_row_whose_file_is_gone_is_named_once_it_is_old(folder, tmp_path):
    known = asyncio.run(fill(folder, tmp_path))

    async def age() -> None:
        storage = await Storage.open(folder)
        await storage.write(lambda connection: connection.execute("UPDATE assets SET created_at = 1").rowcount)
        await storage.close()

    asyncio.run(age())

    assert json.loads(say(folder, "sweep", "--json"))["missing"] == [known["gone"]]
    assert f"missing: {known['gone']} has a row and no file" in say(folder, "sweep")


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("no folder")

    done = CliRunner().invoke(app, ["show", "--data", str(tmp_path / "file")], env={"CASTLIST_CONFIG": ""})

    assert done.exit_code == 1
    assert "cannot be used as a data directory" in done.output
