"""Assets on their way to an owner: all of them are kept, or none leaves a byte behind."""

from collections.abc import Coroutine, Sequence
from pathlib import Path

from castlist.engine.kit import Kit
from castlist.errors import InDoubt
from castlist.storage import StoredAsset


async def put_all(kit: Kit, files: Sequence[tuple[Path, str]], *, project: str) -> list[StoredAsset]:
    """Files with their media types as assets that their owner is still to write rows for. Raises StorageFull."""
    stored: list[StoredAsset] = []
    try:
        for path, media_type in files:
            stored.append(await kit.storage.assets.put(path, project=project, media_type=media_type))
    except BaseException:
        await kit.storage.assets.delete([asset.id for asset in stored])
        raise
    return stored


async def hand_over(kit: Kit, assets: Sequence[StoredAsset], owning: Coroutine[None, None, bool]) -> bool:
    """Give the assets to the owner that `owning` writes; when it says False or fails, their bytes go. Never broken off between the two.

    Where nobody knows whether the owner is written they stay; what has none is swept after this process."""
    return await kit.to_the_end(_hand_over(kit, assets, owning))


async def _hand_over(kit: Kit, assets: Sequence[StoredAsset], owning: Coroutine[None, None, bool]) -> bool:
    kept = False
    try:
        kept = await owning
    except InDoubt:
        kept = True
        raise
    finally:
        if not kept:
            await kit.storage.assets.delete([asset.id for asset in assets])
    return kept
