"""Stored assets as files of one folder, for providers under test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from mimetypes import guess_type
from pathlib import Path

from castlist.errors import NotFound
from castlist.model.providing import Media


class FolderAssets:
    """Reads the file of that name in a folder as an asset; its media type follows from the name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def local(self, asset: str) -> AsyncIterator[Path]:
        yield self._find(asset)

    async def read(self, asset: str) -> bytes:
        return self._find(asset).read_bytes()

    async def describe(self, asset: str) -> Media:
        path = self._find(asset)
        return Media(asset, guess_type(path.name)[0] or "application/octet-stream", path.stat().st_size)

    def _find(self, asset: str) -> Path:
        path = self._folder / asset
        if path.parent != self._folder or not path.is_file():
            raise NotFound(f"There is no asset {asset!r}", code="unknown_asset")
        return path
