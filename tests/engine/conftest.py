"""A whole gateway without its HTTP side: real storage, real media processes, the scripted provider."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import clips
from castlist.assembly import Gateway, open_gateway
from castlist.config import load
from castlist.model.asks import Caller, CharacterAsk, Incoming, Seen, VideoAsk
from castlist.model.characters import Character, CharacterState
from castlist.model.operations import Size, Wishes
from castlist.storage.upkeep import copy

ME = Caller("default", master=True)
SMALL = Size(320, 180)
ON_BOTH = {"test_bindings", "test_characters", "test_jobs", "test_spending"}


@dataclass
class Stage:
    """One running gateway and the short words tests use."""

    gateway: Gateway
    clip: Path

    @property
    def engine(self):
        return self.gateway.engine

    def provider(self, name: str):
        """The adapter instance of the first account whose name begins so."""
        return next(p for account, p in self.engine.kit.providers.items() if account.startswith(name))

    def incoming(self, path: Path, *, name: str = "clip.mp4") -> Incoming:
        target = self.gateway.storage.scratch / f"in-{path.name}-{len(list(self.gateway.storage.scratch.iterdir()))}"
        shutil.copy(path, target)
        return Incoming(target, name, target.stat().st_size, f"{hash(path.read_bytes()):x}")

    async def character(self, name: str = "Luna", *, clip: Path | None = None, targets: Sequence[str] = ()) -> Character:
        """From a small clip that is quickly derived, unless another one is given."""
        file = self.incoming(clip or self.clip)
        return await self.engine.create_character(ME, CharacterAsk(name, "video", (file,), target_model_names=targets))

    async def ready(self, character: Character) -> Character:
        async with asyncio.timeout(100):
            while character.state is CharacterState.PREPARING:
                await asyncio.sleep(0.1)
                character = await self.engine.character(ME, character.id)
        return character

    async def create(self, prompt: str = "a scene", *, model: str = "instant", **ask) -> Seen:
        wishes = Wishes(**{key: ask.pop(key) for key in ("degrade", "prompt_strict") if key in ask})
        return await self.engine.submit(
            ME, VideoAsk("create", prompt, **{"model": model, "seconds": 2, "size": SMALL, "wishes": wishes} | ask)
        )

    async def follow(self, kind: str, source, prompt: str = "go on", **ask) -> Seen:
        return await self.engine.submit(ME, VideoAsk(kind, prompt, source=source, **ask))

    async def until(self, seen: Seen, wanted: Callable[[Seen], bool]) -> Seen:
        async with asyncio.timeout(100):
            while not wanted(seen):
                seen = await self.engine.watch(ME, seen.job.id, revision=seen.job.revision, timeout=1.0)
        return seen

    async def soon(self, seen: Seen) -> None:
        """Have a job that waits looked at now."""
        sql = "UPDATE jobs SET due_at = 0 WHERE id = ? AND lease_holder IS NULL"
        while not await self.gateway.storage.write(lambda connection: connection.execute(sql, (seen.job.id,)).rowcount):
            await asyncio.sleep(0.02)
        self.engine.kit.nudge()

    async def end(self, seen: Seen) -> Seen:
        return await self.until(seen, lambda now: now.job.ended)


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory):
    """The test figure for a second, 426x240."""
    return clips.mascot_clip(tmp_path_factory.mktemp("clips") / "figure.mp4", 1.0, size=(426, 240))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What jobs, bindings and money are owed holds on both engines."""
    if "database_url" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in ON_BOTH:
        shared = pytest.param("postgresql", marks=pytest.mark.slow)
        metafunc.parametrize("database_url", ["sqlite", shared], indirect=True)


@pytest.fixture
def database_url(request):
    """Where the rows are: a file in the data folder, or a database of this test's own."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def stage(tmp_path, small_clip, database_url):
    """Opens a gateway over models: `async with stage("hero: fake/instant") as s:`."""

    @asynccontextmanager
    async def open_stage(
        *models: str, extra: str = "", params: str = "", settings: str = "", worker: bool = True, data: Path | None = None
    ) -> AsyncIterator[Stage]:
        config = tmp_path / "config.yaml"
        lines = models or ("instant: fake/instant",)
        rest = f", settings: {{{settings}}}" if settings else ""
        more = f", {params}" if params else ""
        # In the order in which they stand, where a test does not say how to choose.
        orders = [""] * len(lines) if "routing_strategy" in extra else [f", order: {number}" for number, _ in enumerate(lines)]
        entries = [
            f"  - {{model_name: {line.split(': ')[0]}, litellm_params: {{model: '{line.split(': ')[1]}'{more}{order}}}{rest}}}"
            for line, order in zip(lines, orders, strict=True)
        ]
        config.write_text("model_list:\n" + "\n".join(entries) + "\n" + extra)
        shared = {"CASTLIST_DATABASE_URL": database_url} if database_url else {}
        loaded = load(config, environ={"CASTLIST_DATA": str(data or tmp_path / "data"), **shared})
        gateway = await open_gateway(loaded, serving=True, worker=worker)
        await gateway.start()
        try:
            yield Stage(gateway, small_clip)
        finally:
            await gateway.stop()

    return open_stage


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, small_clip):
    """A data directory with one character that is ready."""
    folder = tmp_path_factory.mktemp("prepared") / "data"

    async def prepare() -> Character:
        gateway = await open_gateway(load(None, environ={"CASTLIST_DATA": str(folder)}), serving=True, worker=True)
        await gateway.start()
        try:
            s = Stage(gateway, small_clip)
            return await s.ready(await s.character())
        finally:
            await gateway.stop()

    return folder, asyncio.run(prepare())


@pytest.fixture
def luna(prepared, tmp_path, database_url):
    """That character, in the directory that this test's gateways open."""
    folder, character = prepared
    shutil.copytree(folder, tmp_path / "data")
    if database_url:
        copy(tmp_path / "data", database_url)
    return character
