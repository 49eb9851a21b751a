"""What an id that is not ours might be, and how to bring it over."""

import base64
import binascii
from datetime import datetime

from castlist.errors import NotFound
from castlist.model.ids import is_id, is_mistyped
from castlist.model.jobs import Job


def no_video(id: str) -> NotFound:  # noqa: A002  # an id is what it is
    """The 404 for a video id, with what the id looks like."""
    return NotFound(f"No video {shown(id)} in this project.{_guess(id, wanted='video')}", code="video_not_found", param="video_id")


def no_character(id: str, *, param: str = "characters") -> NotFound:  # noqa: A002
    """The 404 for a character id, with what the id looks like."""
    text = f"No character {shown(id)} in this project.{_guess(id, wanted='char')}"
    return NotFound(text, code="unknown_character", param=param)


def shown(id: str) -> str:  # noqa: A002
    """The id as a message may show it: quoted and not too long."""
    return repr(id if len(id) <= 80 else id[:77] + "...")


def _guess(id: str, *, wanted: str) -> str:  # noqa: A002
    if is_id(id, wanted):
        return " It was deleted, or it is another project's and the key sent does not open that one."
    if is_id(id, "char") and wanted == "video":
        return " That is the id of a character: pass the id of a video (it begins with 'video_')."
    if is_id(id, "video") and wanted == "char":
        return " That is the id of a video: pass the id of a character (it begins with 'char_')."
    upstream = _litellm(id)
    if upstream is not None:
        what = "character: create it here again from its clip" if wanted == "char" else "video: download it there while you can"
        return (
            f" It was issued by a LiteLLM gateway ({upstream}) and only means something there. "
            f"Castlist keeps its own {what}, then use the new id."
        )
    if is_mistyped(id, wanted):
        return " It has the form of an id made here, but not its check character: part of it was mistyped."
    if id.startswith(("char_", "video_", "vid_", "task_")) or _is_uuid(id):
        remedy = (
            "Create the character here from its clip and use the id you get."
            if wanted == "char"
            else "A video made elsewhere can be uploaded as the `video` file of an edit or an extension."
        )
        return f" It has the form of another provider's own id. {remedy}"
    return ""


def _litellm(id: str) -> str | None:  # noqa: A002
    head, _, body = id.partition("_")
    if head not in {"video", "character", "char"} or len(body) < 20:
        return None
    try:
        text = base64.b64decode(body + "=" * (-len(body) % 4), validate=False).decode()
    except (binascii.Error, ValueError):
        return None
    if not text.startswith("litellm:"):
        return None
    fields = dict(part.split(":", 1) for part in text.removeprefix("litellm:").split(";") if ":" in part)
    return fields.get("custom_llm_provider") or "an unnamed provider"


def _is_uuid(id: str) -> bool:  # noqa: A002
    return len(id) == 36 and [len(part) for part in id.split("-")] == [8, 4, 4, 4, 12]


def check_kept(job: Job, now: datetime, *, param: str = "video_id") -> None:
    """Raises NotFound for a finished video whose files are kept no longer."""
    if job.expires_at is not None and job.expires_at <= now:
        text = f"The files of video {job.id} were kept until {job.expires_at:%Y-%m-%d %H:%M} UTC (castlist.keep_days)."
        raise NotFound(text, code="content_expired", param=param)
