"""One tree of errors: what went wrong, with the HTTP status, the code and the parameter.

CastlistError
├── InvalidRequest            400  the request itself is wrong
│   ├── Unsupported           400  no deployment could take it, with the reason of each
│   │   └── UnsupportedOperation   and another model here can (raised by clients; a NotImplementedError of Python's too)
│   ├── MediaRefused          400  an uploaded file cannot be used
│   └── TooLarge              413
├── Unauthorized              401
├── SpendLimit                402  the video would cost more than may be spent today
├── Forbidden                 403
├── NotFound                  404
├── Conflict                  409  the thing is not in a state for that
├── Retired                   410  the vendor has shut the model down, and nothing serves in its place
├── NotImplementedHere        501  no deployment under that model can do it at all (a NotImplementedError of Python's too)
├── Unavailable               503  our own trouble, for now
│   ├── InDoubt               503  the database went away before it said whether something was written
│   ├── StorageFull           503  the disk or bucket takes no more
│   └── MediaCrashed          503  a media child process died or ran out of time
├── ServerError               500  a Castlist server failed in a way it did not foresee
├── VideoFailed                    a job ended as failed or cancelled (raised by clients that were told to wait)
├── WaitTimeout                    a client's own time limit for waiting ran out; the job goes on
├── ConnectionFailed               a client could not reach its Castlist server
├── ConfigError                    mistakes in the configuration, all of them at once
└── ProviderError                  an upstream's word, with `retry`: never, same or elsewhere
    ├── NotSent                    failed before the first body byte: nothing exists upstream
    ├── Refused                    answered no: nothing exists upstream
    ├── Ambiguous                  sent, never answered: a job may exist and may cost
    ├── Moderated                  refused for its content: never retried
    ├── HandleGone                 the provider no longer knows its handle on a character: nothing exists upstream
    └── LostJob                    the provider says with authority that it has no such job
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar


class Retry(StrEnum):
    """What may follow a provider's error; the adapter that saw it decides."""

    NEVER = "never"
    SAME = "same"
    ELSEWHERE = "elsewhere"


class CastlistError(Exception):
    """Root of the tree. `status` is the HTTP status it travels as, `code` and `param` are OpenAI's fields of the same name."""

    status: int = 500
    code: str = "castlist_error"
    kind: ClassVar[str] = "server_error"

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.param = param
        self.status = status or type(self).status


class InvalidRequest(CastlistError):
    """The request is wrong: the message says what was wrong, with the value, and what would work."""

    status = 400
    code = "invalid_value"
    kind = "invalid_request_error"


class Unsupported(InvalidRequest):
    """No deployment could take the operation; `reasons` holds one sentence for each deployment id."""

    code = "unsupported_operation"

    def __init__(
        self, message: str, *, reasons: Mapping[str, str] | None = None, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message, code=code, param=param)
        self.reasons = dict(reasons or {})


class UnsupportedOperation(Unsupported, NotImplementedError):
    """A client's word for an operation that the model asked for does not do, where another model here does."""


class MediaRefused(InvalidRequest):
    """An uploaded file cannot be used; `value` is what was measured and `limit` what would work, where there is a figure."""

    code = "undecodable_media"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        value: object = None,
        limit: object = None,
    ) -> None:
        super().__init__(message, code=code, param=param)
        self.value = value
        self.limit = limit


class TooLarge(InvalidRequest):
    """More bytes than are taken."""

    status = 413
    code = "file_too_large"


class Unauthorized(CastlistError):
    """No key, or one that is not known here."""

    status = 401
    code = "invalid_api_key"
    kind = "invalid_request_error"


class Forbidden(CastlistError):
    """A known caller, or a web page, that may not do this."""

    status = 403
    code = "forbidden"
    kind = "invalid_request_error"


class NotFound(CastlistError):
    """No such thing in this project; somebody else's thing reads the same."""

    status = 404
    code = "not_found"
    kind = "invalid_request_error"


class Conflict(CastlistError):
    """The thing exists, but not in a state in which this can be done."""

    status = 409
    code = "conflict"
    kind = "invalid_request_error"


class Retired(CastlistError):
    """The vendor has shut the model down, and nothing serves in its place."""

    status = 410
    code = "provider_retired"
    kind = "invalid_request_error"


class SpendLimit(CastlistError):
    """The video would cost more than may be spent today."""

    status = 402
    code = "max_spend_per_day_reached"
    kind = "insufficient_quota"


class NotImplementedHere(CastlistError, NotImplementedError):
    """No deployment under that model implements the operation at all."""

    status = 501
    code = "not_implemented"
    kind = "invalid_request_error"


class Unavailable(CastlistError):
    """Our own trouble for now; trying again later is right."""

    status = 503
    code = "unavailable"
    kind = "server_error"


class InDoubt(Unavailable):
    """The database went away before it said whether something was written."""

    code = "storage_in_doubt"


class StorageFull(Unavailable):
    """The disk or bucket takes no more bytes."""

    code = "storage_full"


class MediaCrashed(Unavailable):
    """A media child process died or ran out of its time or memory; `detail` is what it last said, for logs only."""

    code = "media_crashed"

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class ServerError(CastlistError):
    """A Castlist server failed in a way it did not foresee."""

    code = "internal_error"


class VideoFailed(CastlistError):
    """A job ended as failed or cancelled; raised by clients that were asked to wait for its success."""

    status = 200
    code = "video_failed"


class WaitTimeout(CastlistError):
    """The time limit given to a wait ran out; the job itself goes on."""

    status = 408
    code = "wait_timeout"


class ConnectionFailed(CastlistError):
    """A client could not reach its Castlist server, or the connection broke."""

    status = 503
    code = "connection_failed"


class ConfigError(CastlistError):
    """Mistakes in a configuration, all of them at once; `mistakes` holds (line, sentence) pairs, line 0 where there is none."""

    code = "invalid_config"

    def __init__(self, mistakes: Sequence[tuple[int, str]], *, source: str = "") -> None:
        self.mistakes = tuple(mistakes)
        self.source = source
        lines = [f"{source}:{line}: {text}" if line else f"{source}: {text}" if source else text for line, text in self.mistakes]
        super().__init__("\n".join(lines))


class ProviderError(CastlistError):
    """An upstream's word. `retry` is set by the adapter that saw it; `after` is the wait in seconds the upstream asked for."""

    status = 502
    code = "provider_error"
    retry: Retry = Retry.ELSEWHERE

    def __init__(self, message: str, *, code: str | None = None, retry: Retry | None = None, after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry = retry or type(self).retry
        self.after = after


class NotSent(ProviderError):
    """Failed before the first body byte left: nothing exists upstream."""

    code = "provider_unreachable"
    retry = Retry.SAME


class Refused(ProviderError):
    """The upstream answered no: nothing exists there, so another deployment may be asked."""

    code = "provider_refused"


class Ambiguous(ProviderError):
    """Sent and never answered: a job may exist and may cost, so nothing is sent again."""

    code = "provider_unknown"
    retry = Retry.NEVER


class Moderated(ProviderError):
    """Refused for its content; never retried, here or elsewhere."""

    code = "moderation_blocked"
    retry = Retry.NEVER


class LostJob(ProviderError):
    """The provider says with authority that it has no such job."""

    code = "provider_lost_job"
    retry = Retry.NEVER


class HandleGone(ProviderError):
    """The provider refuses because it no longer knows its handle on a character; `handles` are those it named, empty when it named
    none. The engine makes them again, and then asks the same."""

    code = "provider_handle_gone"
    retry = Retry.SAME

    def __init__(self, message: str, *, handles: Sequence[str] = (), after: float | None = None) -> None:
        super().__init__(message, after=after)
        self.handles = tuple(handles)
