"""What a caller asks for, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

from castlist.errors import InvalidRequest
from castlist.model.troubles import UnknownPolicy

Options = Mapping[str, Mapping[str, object]]
"""Provider-only options by provider name."""

MAX_SECONDS = 120
MAX_PROMPT = 32_000
MAX_NAME = 64
MAX_DESCRIPTION = 2_000
MAX_CAST = 2


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "1280x720". Raises InvalidRequest naming the value and an example that works."""
        parts = text.lower().split("x")
        if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
            raise InvalidRequest(
                f'size is "WIDTHxHEIGHT" in pixels, for example "1280x720", and not {text[:40]!r}', code="invalid_size", param="size"
            )
        size = cls(int(parts[0]), int(parts[1]))
        if not (16 <= size.width <= 8192 and 16 <= size.height <= 8192):
            raise InvalidRequest(
                f'size has sides of 16 to 8192 pixels, for example "1280x720", and not {text!r}', code="invalid_size", param="size"
            )
        return size

    @property
    def aspect(self) -> float:
        return self.width / self.height

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a caller may add to any operation: none of it changes what is asked for, only how strictly and with which extras.

    `audio` is sound or none, None for as the model does by itself; `max_cost` the most the video may cost, in millionths of a US dollar;
    `webhook` an address that is told of the video's end; `unknown_policy` what becomes of it when a provider never says whether it took
    it, None for as the configuration has it.
    """

    degrade: bool = False
    prompt_strict: bool = False
    options: Options = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    audio: Literal["on", "off"] | None = None
    max_cost: int | None = None
    webhook: str | None = field(default=None, repr=False)
    unknown_policy: UnknownPolicy | None = None


def audio_for(wishes: Wishes, provider: str) -> Literal["on", "off"] | None:
    """The wish for sound that holds for that provider: its own option, else the request's, else what is said to other providers with
    one voice. A caller who wants silence of one does not want sound of whoever serves in its place."""
    said = {name: values["audio"] for name, values in wishes.options.items() if values.get("audio") in ("on", "off")}
    if provider not in said and (wishes.audio or len(set(said.values())) != 1):
        return wishes.audio
    word = said.get(provider) or next(iter(said.values()))
    return "on" if word == "on" else "off"


@dataclass(frozen=True, slots=True)
class CreateVideo:
    """A new video from a prompt. `characters` and `reference` are ids of ours; `reference` is the opening frame, an image asset."""

    kind: ClassVar[str] = "create"
    prompt: str
    model: str
    seconds: int
    size: Size
    characters: tuple[str, ...] = ()
    reference: str | None = None
    seed: int | None = None
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class Source:
    """What a follow-up starts from: a finished video of ours (its id) or an uploaded one; `asset` is the bytes in both cases.

    `raw` is an upload as it came, before it was brought into the form our own videos have.
    """

    asset: str
    seconds: float
    size: Size
    video: str | None = None
    raw: bool = False


@dataclass(frozen=True, slots=True)
class EditVideo:
    """The same video with a targeted change; cast, composition and timing stay."""

    kind: ClassVar[str] = "edit"
    prompt: str
    model: str
    source: Source
    characters: tuple[str, ...] = ()
    seed: int | None = None
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class ExtendVideo:
    """The source with `seconds` more at its end: the result is the stitched whole."""

    kind: ClassVar[str] = "extend"
    prompt: str
    model: str
    seconds: int
    source: Source
    characters: tuple[str, ...] = ()
    seed: int | None = None
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class RemixVideo:
    """The same cast and seed as a finished video of ours, staged anew from another prompt."""

    kind: ClassVar[str] = "remix"
    prompt: str
    model: str
    source: Source
    characters: tuple[str, ...] = ()
    seed: int | None = None
    wishes: Wishes = field(default_factory=Wishes)


Operation = CreateVideo | EditVideo | ExtendVideo | RemixVideo


def output_size(operation: Operation) -> Size:
    """The size of the video an operation makes."""
    return operation.size if isinstance(operation, CreateVideo) else operation.source.size


def output_seconds(operation: Operation) -> float:
    """The length in seconds of the video an operation makes."""
    match operation:
        case CreateVideo():
            return operation.seconds
        case ExtendVideo():
            return operation.source.seconds + operation.seconds
        case _:
            return operation.source.seconds
