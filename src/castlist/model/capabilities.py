"""What a model can do, as data, and the sentence for what it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from castlist.model.characters import Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, Operation, RemixVideo, Size, output_seconds, output_size
from castlist.model.pricing import FLAT, price_of

VERBS = {"create": "create a video", "edit": "edit a video", "extend": "extend a video", "remix": "remix a video"}
AUDIO = "castlist.audio"
"""The field of a request that wishes for sound or for none."""

SOURCE = "source"
"""Among `links`, the video that a follow-up starts from; the others there are forms of a character."""

Refusal = tuple[str, str, str | None]
"""Why a model cannot do something: code, sentence, and the field of the request."""


@dataclass(frozen=True, slots=True)
class Private:
    """What of a request no public address leads to: whether the source is among it, and by character the variants it has or can have."""

    source: bool = True
    cast: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Limits of one provider model. Lengths in seconds; `sizes` empty means any size within `max_side` and `max_pixels`.

    `characters` counts the most characters one video takes (0: none) and `fidelity` is the best form they can travel in, native
    only for a character that has the asset `native_variant`, where one is named; `implements` is what exists at all for that model.
    `approximates` is what it does otherwise, only for a request that allows a step down, and `min_side` the shortest side of a source.
    `options` are the provider's own that a request may set, each with the words it takes. `wants` names the forms of a character
    (`jpeg-0`, `clip-3s`, …) that are made for it before the first order that carries one; `binds` says that the provider keeps a
    handle on a character, made once with `bind` and carried by the cast. `extension` is the least and the most seconds one
    extension adds, where that is not as for a new video; `sources` the shortest and the longest source of an operation, in seconds;
    `casts` are the operations with which characters travel at all; `reference_too` says that one of which no handle can be made goes by
    reference where the caller allows it, `tries_native` that it does so by itself where the account turns out to keep no characters.
    `returns_full` says whether an extension comes back with its source before it; None where nobody knows, which is then measured.
    `cast_sizes` the sizes and `cast_seconds` the lengths with characters, where those are fewer. `prices` are millionths of a US dollar
    for a second of video by resolution (`source_prices` where it is made from another, `sound_prices` where sound is asked for, if those
    differ), with `micros_per_image` on top for each picture sent; `micros_per_second` is one price for all resolutions, where `prices`
    is empty. `audio` are the words of a wish for sound, `on` and `off`, that each operation can follow: where none are given, those of
    an option `audio`. `links` is what the provider reads by a public address alone: SOURCE, unless the account itself made it, and forms
    of a character, without which it goes where the caller allows a step down.
    """

    model: str
    implements: frozenset[str] = frozenset({"create"})
    approximates: frozenset[str] = frozenset()
    min_seconds: int = 1
    max_seconds: int = 20
    seconds: tuple[int, ...] = ()
    max_total_seconds: int = 120
    sizes: tuple[Size, ...] = ()
    min_side: int = 1
    max_side: int = 4096
    max_pixels: int = 4096 * 4096
    characters: int = 0
    fidelity: Fidelity = Fidelity.DESCRIBED
    native_variant: str | None = None
    reference: bool = False
    reference_with_characters: bool = False
    uploaded_source: bool = False
    seed: bool = False
    cancel: bool = False
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    micros_per_second: int | None = None
    prices: Mapping[str, int] = field(default_factory=dict)
    source_prices: Mapping[str, int] = field(default_factory=dict)
    sound_prices: Mapping[str, int] = field(default_factory=dict)
    micros_per_image: int = 0
    wants: tuple[str, ...] = ()
    binds: bool = False
    casts: frozenset[str] = frozenset(VERBS)
    reference_too: bool = False
    tries_native: bool = False
    returns_full: bool | None = None
    extension: tuple[int, int] | None = None
    sources: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cast_sizes: tuple[Size, ...] = ()
    cast_seconds: tuple[int, ...] = ()
    audio: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: frozenset[str] = frozenset()

    def why_not(self, operation: Operation) -> Refusal | None:
        """None when this model can do `operation`, else what it lacks first."""
        near = operation.kind in self.approximates
        if operation.kind not in self.implements and near and not operation.wishes.degrade:
            text = f"{self.model} cannot {VERBS[operation.kind]}; with on_unsupported: degrade it makes the nearest it can"
            return "unsupported_operation", text, None
        if operation.kind not in self.implements and not near:
            return "unsupported_operation", f"{self.model} cannot {VERBS[operation.kind]}", None
        match operation:
            case CreateVideo():
                lacks = self._length(operation.seconds) or self._size(operation.size) or self._inputs(operation)
            case ExtendVideo():
                lacks = self._added(operation.seconds) or self._total(operation) or self._source(operation)
            case EditVideo() | RemixVideo():
                lacks = self._source(operation)
        return lacks or self._sound(operation)

    def why_unread(self, operation: Operation, private: Private) -> Refusal | None:
        """What this model would have to read of `operation` by an address that there is not."""
        if SOURCE in self.links and private.source and not isinstance(operation, CreateVideo):
            text = f"{self.model} reads the video to start from by a public address, and the gateway has none: set media.public_base_url"
            return "public_url_required", text, "video"
        own = [variants for variants in private.cast if self.native_variant is None or self.native_variant in variants]
        if any(self.links & variants for variants in own) and operation.kind in self.casts and not operation.wishes.degrade:
            text = (
                f"{self.model} reads a clip of the character by a public address, and the gateway has none: set media.public_base_url; "
                "with on_unsupported: degrade it does without the clip"
            )
            return "public_url_required", text, "characters"
        return None

    def places(self, operation: Operation) -> int:
        """How many characters this model can be shown for that operation."""
        framed = isinstance(operation, CreateVideo) and operation.reference and not self.reference_with_characters
        return self.characters if operation.kind in self.casts and not framed else 0

    def _audible(self) -> Mapping[str, tuple[str, ...]]:
        return self.audio or (dict.fromkeys(self.implements, self.options["audio"]) if "audio" in self.options else {})

    def _sound(self, operation: Operation) -> Refusal | None:
        wanted, able = operation.wishes.audio, self._audible().get(operation.kind, ())
        if wanted is None or wanted in able:
            return None
        does = "always makes sound" if able == ("on",) else "never makes sound" if able == ("off",) else "decides on the sound by itself"
        return "unsupported_audio", f"{self.model} {does} when it is to {VERBS[operation.kind]}, so audio cannot be {wanted}", AUDIO

    def _length(self, seconds: int) -> tuple[str, str, str | None] | None:
        if self.seconds and seconds not in self.seconds:
            allowed = ", ".join(map(str, self.seconds))
            return "unsupported_value", f"{self.model} makes clips of {allowed} seconds, not {seconds}", "seconds"
        if not self.min_seconds <= seconds <= self.max_seconds:
            return (
                "unsupported_value",
                f"{self.model} makes clips of {self.min_seconds} to {self.max_seconds} seconds, not {seconds}",
                "seconds",
            )
        return None

    def _added(self, seconds: int) -> tuple[str, str, str | None] | None:
        if self.extension is None:
            return self._length(seconds)
        least, most = self.extension
        if least <= seconds <= most:
            return None
        return "unsupported_value", f"{self.model} extends by {least} to {most} seconds at a time, not {seconds}", "seconds"

    def _total(self, operation: ExtendVideo) -> tuple[str, str, str | None] | None:
        total = output_seconds(operation)
        if total <= self.max_total_seconds:
            return None
        room = max(0, int(self.max_total_seconds - operation.source.seconds))
        text = f"{self.model} extends to {self.max_total_seconds} seconds in all; this would be {total:g}, there is room for {room} more"
        return "unsupported_value", text, "seconds"

    def _size(self, size: Size) -> tuple[str, str, str | None] | None:
        if self.sizes and size not in self.sizes:
            allowed = ", ".join(map(str, self.sizes))
            return "unsupported_value", f"{self.model} makes {allowed}, not {size}", "size"
        if size.width % 2 or size.height % 2:
            return "unsupported_value", f"{self.model} makes videos with even sides, not {size}", "size"
        if max(size.width, size.height) > self.max_side or size.width * size.height > self.max_pixels:
            return (
                "unsupported_value",
                f"{self.model} makes videos of up to {self.max_side} pixels a side and {self.max_pixels:,} in all, not {size}",
                "size",
            )
        return None

    def _inputs(self, operation: CreateVideo) -> tuple[str, str, str | None] | None:
        if operation.reference and not self.reference:
            return "unsupported_operation", f"{self.model} takes no input_reference", "input_reference"
        if len(operation.characters) > self.characters:
            limit = f"at most {self.characters}" if self.characters else "no"
            return "too_many_characters", f"{self.model} takes {limit} characters, not {len(operation.characters)}", "characters"
        if operation.reference and operation.characters and not self.reference_with_characters:
            return "reference_conflict", f"{self.model} does not combine input_reference with characters", "input_reference"
        if operation.characters and self.cast_sizes and operation.size not in self.cast_sizes:
            allowed = ", ".join(map(str, self.cast_sizes))
            return "unsupported_value", f"{self.model} makes {allowed} with characters, not {operation.size}", "size"
        if operation.characters and self.cast_seconds and operation.seconds not in self.cast_seconds:
            allowed = ", ".join(map(str, self.cast_seconds))
            text = f"{self.model} makes clips of {allowed} seconds with characters, not {operation.seconds}"
            return "unsupported_value", text, "seconds"
        return None

    def _source(self, operation: EditVideo | ExtendVideo | RemixVideo) -> tuple[str, str, str | None] | None:
        if operation.source.video is None and not self.uploaded_source:
            return "unsupported_operation", f"{self.model} takes videos made here as a source, not uploaded ones", "video"
        least, most = self.sources.get(operation.kind, (0.0, float("inf")))
        if not least <= operation.source.seconds <= most:
            text = f"{self.model} can {VERBS[operation.kind]} of {least:g} to {most:g} seconds, not {operation.source.seconds:g}"
            return "unsupported_value", text, "video"
        size = operation.source.size
        if min(size.width, size.height) < self.min_side:
            return "unsupported_value", f"{self.model} starts from videos of {self.min_side} pixels a side or more, not {size}", "video"
        if max(size.width, size.height) > self.max_side or size.width * size.height > self.max_pixels:
            limit = f"up to {self.max_side} pixels a side and {self.max_pixels:,} in all"
            return "unsupported_value", f"{self.model} starts from videos of {limit}, not {size}", "video"
        return None

    def price(self, operation: Operation) -> int | None:
        """Millionths of a US dollar that `operation` costs at most by the prices known; None where none is."""
        each = price_of(output_size(operation), self._prices(operation))
        if each is None:
            return None
        stills = sum(form.startswith("jpeg-") and form.count("-") == 1 for form in self.wants)
        pictures = len(operation.characters) * max(1, stills) + bool(isinstance(operation, CreateVideo) and operation.reference)
        # Binary fractions of a second must not round a whole price up.
        return ceil(round(each * output_seconds(operation), 3)) + self.micros_per_image * pictures

    def price_table(self) -> Mapping[str, Mapping[str, int]]:
        """Every price of a second by what it is for: `new`, and `sound` and `source` where those differ; empty where none is known."""
        new = self.prices or ({} if self.micros_per_second is None else {FLAT: self.micros_per_second})
        special = {"sound": self.sound_prices, "source": self.source_prices}
        return {"new": new, **{name: prices for name, prices in special.items() if prices}} if new else {}

    def _prices(self, operation: Operation) -> Mapping[str, int]:
        if self.source_prices and not isinstance(operation, CreateVideo):
            return self.source_prices
        if self.sound_prices and operation.wishes.audio == "on":
            return self.sound_prices
        return self.price_table().get("new", {})

    def to_json(self) -> Mapping[str, object]:
        """The capabilities as `/v1/models` shows them."""
        return {
            "operations": sorted(self.implements),
            "seconds": list(self.seconds) or {"min": self.min_seconds, "max": self.max_seconds},
            "max_total_seconds": self.max_total_seconds,
            "sizes": [str(size) for size in self.sizes] or {"max_side": self.max_side, "max_pixels": self.max_pixels},
            "characters": self.characters,
            "fidelity": str(self.fidelity) if self.characters else None,
            "input_reference": self.reference,
            "input_reference_with_characters": self.reference_with_characters,
            "uploaded_source": self.uploaded_source,
            "seed": self.seed,
            "cancel": self.cancel,
            "audio": {kind: list(words) for kind, words in sorted(self._audible().items())},
            "options": {name: list(words) for name, words in self.options.items()},
        }
