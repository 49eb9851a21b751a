"""Writes that are asked for together are committed together, and one that breaks off undoes itself alone."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from castlist.model.jobs import Job
from storage.breaking import Broken, World
from storage.samples import a_job, create


@pytest.fixture
def world(tmp_path: Path, database_url: str | None) -> Iterator[World]:
    opened = World(tmp_path / "data", database_url)
    yield opened
    opened.close()


async def add(world: World, jobs: Sequence[Job], *, at: Sequence[int | None]) -> list[bool]:
    """Whether each was added, all asked for at once."""
    adding = [world.write("near", world["near"].jobs.add(job), at=each) for job, each in zip(jobs, at, strict=True)]
    found = await asyncio.gather(*adding, return_exceptions=True)
    assert all(each is True or isinstance(each, Broken) for each in found)
    return [each is True for each in found]


@given(at=st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=2, max_size=12))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_breaks_off_among_many_takes_nothing_with_it(world: World, at: list[int | None]) -> None:
    world.clear()
    jobs = [a_job(create(f"char_{number}")) for number in range(len(at))]

    added = world.run("near", add(world, jobs, at=at))

    assert added == [each is None for each in at]
    rows = world.rows()
    assert sorted(row[0] for row in rows["jobs"]) == sorted(job.id for job, well in zip(jobs, added, strict=True) if well)
    assert sorted(row[0] for row in rows["job_characters"]) == sorted(row[0] for row in rows["jobs"])
