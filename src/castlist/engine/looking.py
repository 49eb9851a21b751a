"""What a file somebody sent really is, found out before anything of it is kept."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from castlist.engine.kit import Kit
from castlist.errors import MediaCrashed, MediaRefused
from castlist.media.child import UNTRUSTED
from castlist.media.sniff import recognise

log = structlog.get_logger("castlist.engine")


async def look(kit: Kit, task: str, spec: Mapping[str, object], *, kind: str, param: str) -> Mapping[str, object]:
    """What the media process says of the file at `spec["path"]`, which is to be of that kind.

    Raises MediaRefused naming `param`: for a file that the process died of or could not get through, too.
    """
    try:
        recognise(Path(str(spec["path"])), kind=kind, param=param)
        return await kit.media(task, spec, limits=UNTRUSTED)
    except MediaRefused as refusal:
        refusal.param = refusal.param or param
        raise
    except MediaCrashed as crash:
        log.warning("media.crashed", task=task, error=crash.message, detail=crash.detail)
        text = f"this {kind} cannot be decoded within {UNTRUSTED.wall_seconds:g} seconds and {(UNTRUSTED.address_space or 0) >> 30} GiB"
        raise MediaRefused(f"{text}; export it again at 1080p or less", code="undecodable_media", param=param) from crash
