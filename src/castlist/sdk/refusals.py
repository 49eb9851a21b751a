"""From an answer that says no, or no answer at all, to an error of ours."""

from collections.abc import Mapping

from castlist.errors import (
    CastlistError,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    MediaCrashed,
    MediaRefused,
    NotFound,
    NotImplementedHere,
    Retired,
    ServerError,
    SpendLimit,
    StorageFull,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedOperation,
)
from castlist.sdk.records import Json, read_map, read_text

BY_STATUS: Mapping[int, type[CastlistError]] = {
    401: Unauthorized,
    402: SpendLimit,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Retired,
    413: TooLarge,
    501: NotImplementedHere,
    503: Unavailable,
}
BY_CODE: Mapping[str, type[CastlistError]] = {
    "unsupported_operation": UnsupportedOperation,
    "media_crashed": MediaCrashed,
    "storage_full": StorageFull,
    **dict.fromkeys(
        (
            "clip_too_long",
            "clip_too_short",
            "empty_file",
            "image_too_large",
            "invalid_image",
            "no_video_stream",
            "resolution_too_large",
            "resolution_too_small",
            "undecodable_media",
            "unsupported_media_type",
        ),
        MediaRefused,
    ),
}


def name_refusal(status: int, json: Json) -> CastlistError:
    """The error for an answer of that status with OpenAI's error body, or with any other body."""
    words = read_map(json.get("error"))
    code = read_text(words.get("code"))
    message = read_text(words.get("message")) or f"the server answered {status} without a reason; is it a Castlist server?"
    kind = BY_CODE.get(code or "") if status < 500 or status == 503 else None
    chosen = kind or BY_STATUS.get(status) or (ServerError if status >= 500 else InvalidRequest)
    error = chosen(message, code=code, param=read_text(words.get("param")))
    error.status = status
    return error


def name_stranger(url: str, *, status: int) -> ServerError:
    """The error for a success that no Castlist server would tell so: a page of a proxy or of something else."""
    return ServerError(f"{url} answered {status} with something that is no JSON object; is it a Castlist server?", code="not_castlist")


def name_silence(error: Exception, *, url: str, method: str, sent: bool) -> ConnectionFailed:
    """The error for a request that got no answer; `sent` when the server may have taken it."""
    reason = str(error) or type(error).__name__
    if not sent:
        return ConnectionFailed(
            f"could not reach {url} ({reason}); check that `castlist serve` runs there and that CASTLIST_BASE_URL or base_url is right"
        )
    if method == "GET":
        return ConnectionFailed(f"the connection to {url} broke ({reason}); the server may be restarting, try again")
    return ConnectionFailed(
        f"the connection to {url} broke after the request was sent ({reason}); it may have been taken, so it was not sent again: "
        "list what is there before you repeat it"
    )
