"""An operation as one deployment can do it: stepped down where it cannot and the caller allows that, each step with a note. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from math import log
from typing import Final

from castlist.model.capabilities import AUDIO, Capabilities, Refusal
from castlist.model.characters import Note
from castlist.model.operations import CreateVideo, ExtendVideo, Operation, Size, Wishes, audio_for
from castlist.model.providing import Deployment

TO_WORDS: Final = frozenset({"too_many_characters", "reference_conflict"})
"""Reasons for which casting steps characters down to words, where the wishes allow it."""

_MOST_STEPS: Final = 4

Step = tuple[Operation, object, object]
"""The operation after a step, what was asked for, and what it has in place of that."""


def fit(operation: Operation, deployment: Deployment) -> tuple[Operation, tuple[Note, ...]]:
    """The operation as it is sent to that deployment: its wish for sound in the provider's own words and, where the wishes allow a step
    down, the nearest length and size and no wish for sound that it cannot follow.

    Its characters stay: how many of them are shown is what casting decides.
    """
    capabilities, provider = deployment.capabilities, deployment.provider
    operation = replace(operation, wishes=replace(operation.wishes, audio=audio_for(operation.wishes, provider)))
    notes: list[Note] = []
    for _ in range(_MOST_STEPS if operation.wishes.degrade else 0):
        refusal = _why_not(operation, capabilities)
        step = _step(operation, capabilities, refusal) if refusal else None
        if refusal is None or step is None:
            break
        operation, value, given = step
        notes.append(_note(refusal, value, given))
    return replace(operation, wishes=_lower_audio(operation.wishes, deployment)), tuple(notes)


def why_not(operation: Operation, deployment: Deployment) -> Refusal | None:
    """What the deployment lacks for the operation, past every step down that its wishes allow."""
    return _why_not(fit(operation, deployment)[0], deployment.capabilities)


def conflicts(operation: Operation, deployment: Deployment) -> tuple[Note, ...]:
    """What the deployment lacks and is stepped down, one note each: lengths, sizes and sound, and characters that go in words."""
    fitted, notes = fit(operation, deployment)
    refusal = deployment.capabilities.why_not(fitted)
    return (*notes, Note(*refusal)) if refusal else notes


def _why_not(operation: Operation, capabilities: Capabilities) -> Refusal | None:
    refusal = capabilities.why_not(operation)
    if refusal and refusal[0] in TO_WORDS and operation.wishes.degrade:
        return capabilities.why_not(replace(operation, characters=operation.characters[: capabilities.places(operation)]))
    return refusal


def _step(operation: Operation, capabilities: Capabilities, refusal: Refusal) -> Step | None:
    match operation, refusal[2]:
        case CreateVideo() | ExtendVideo(), "seconds":
            seconds = _nearest_seconds(operation, capabilities)
            return None if seconds == operation.seconds else (replace(operation, seconds=seconds), operation.seconds, seconds)
        case CreateVideo(), "size":
            size = _nearest_size(operation, capabilities)
            return None if size == operation.size else (replace(operation, size=size), str(operation.size), str(size))
        case _ if refusal[2] == AUDIO:
            wishes = replace(operation.wishes, audio=None)
            return replace(operation, wishes=wishes), operation.wishes.audio, "auto"
        case _:
            return None


def _nearest_seconds(operation: CreateVideo | ExtendVideo, capabilities: Capabilities) -> int:
    """The allowed length that is nearest; of two, the longer one."""
    extension = capabilities.extension if isinstance(operation, ExtendVideo) else None
    usual: Sequence[int] = capabilities.seconds or range(capabilities.min_seconds, capabilities.max_seconds + 1)
    allowed = range(extension[0], extension[1] + 1) if extension else usual
    if isinstance(operation, CreateVideo) and capabilities.cast_seconds and _shows(operation, capabilities):
        allowed = [n for n in allowed if n in capabilities.cast_seconds]
    return min(allowed, key=lambda n: (abs(n - operation.seconds), -n), default=operation.seconds)


def _nearest_size(operation: CreateVideo, capabilities: Capabilities) -> Size:
    """The allowed size that is nearest in shape, and of those in area; where any size within limits is allowed, this one made smaller."""
    allowed = (capabilities.cast_sizes if _shows(operation, capabilities) else ()) or capabilities.sizes
    size = operation.size
    if allowed:
        return min(allowed, key=lambda each: (round(abs(log(each.aspect / size.aspect)), 2), abs(log(_area(each) / _area(size)))))
    shrink = min(1.0, capabilities.max_side / max(size.width, size.height), (capabilities.max_pixels / _area(size)) ** 0.5)
    return Size(int(size.width * shrink) & ~1, int(size.height * shrink) & ~1)


def _shows(operation: CreateVideo, capabilities: Capabilities) -> bool:
    return bool(operation.characters) and capabilities.places(operation) > 0


def _area(size: Size) -> int:
    return size.width * size.height


def _lower_audio(wishes: Wishes, deployment: Deployment) -> Wishes:
    """The wish for sound as the provider's own option, where it has one; without a wish, no option either."""
    own = {name: value for name, value in wishes.options.get(deployment.provider, {}).items() if name != "audio"}
    if wishes.audio and "audio" in deployment.capabilities.options:
        own["audio"] = wishes.audio
    others = {name: values for name, values in wishes.options.items() if name != deployment.provider}
    return replace(wishes, options={**others, deployment.provider: own} if own else others)


def _note(refusal: Refusal, value: object, given: object) -> Note:
    _, sentence, param = refusal
    what = str(param).rpartition(".")[2]
    return Note(f"{what}_changed", f"{sentence}; {given} is asked for instead.", param, value, given)
