"""What would make a character clip better: each piece with what was measured, what works best, and what to do."""

from dataclasses import asdict, dataclass

SECONDS = (2.0, 4.0)
SHORT_SIDE = (720, 1080)
ASPECTS = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0}
ASPECT_SLACK = 0.02
BEST_SHARE = (0.3, 0.6)
LEAST_MOTION = 2.0


@dataclass(frozen=True)
class Advice:
    code: str
    message: str
    param: str
    value: object
    limit: object


@dataclass(frozen=True)
class Measures:
    """Of the subject in the clip: shares of the frame, the frame's sides that it touches, how much its pixels change (0 to 255)."""

    share: float
    touches: tuple[str, ...]
    motion: float | None
    subjects: int
    fault: str | None


def advise_shape(width: int, height: int, *, seconds: float | None, param: str) -> list[Advice]:
    """Length (None for images), aspect and resolution of what was uploaded."""
    given = []
    if seconds is not None and not SECONDS[0] - 0.05 <= seconds <= SECONDS[1] + 0.05:
        message = f"the clip is {seconds:.1f} seconds long; {SECONDS[0]:g} to {SECONDS[1]:g} seconds keep a character most consistent"
        given.append(Advice("clip_length", message, param, round(seconds, 3), list(SECONDS)))
    aspect = width / height
    if all(abs(aspect / known - 1) > ASPECT_SLACK for known in ASPECTS.values()):
        message = f"the frame is {width}x{height} ({aspect:.2f}:1); film or crop to {', '.join(ASPECTS)}, the shape of the videos to come"
        given.append(Advice("clip_aspect", message, param, f"{width}:{height}", list(ASPECTS)))
    short = min(width, height)
    if not SHORT_SIDE[0] <= short <= SHORT_SIDE[1]:
        better = "film at 720p to 1080p" if short < SHORT_SIDE[0] else "nothing is gained above 1080p, it was scaled down"
        message = f"the short side is {short} pixels; {better}"
        given.append(Advice("clip_resolution", message, param, short, list(SHORT_SIDE)))
    return given


def advise_subject(measures: Measures, *, param: str) -> list[Advice]:
    """Separation, size, place, motion and number of the subject. Where it cannot be separated the rest cannot be measured."""
    if measures.fault is not None:
        message = (
            f"the character cannot be cut out: {measures.fault}; show it on a plain background of another colour, with space around it"
        )
        return [Advice("background_not_separable", message, param, measures.fault, None), *advise_motion(measures, param=param)]
    given = []
    low, high = BEST_SHARE
    if measures.share < low:
        message = f"the character fills {measures.share:.0%} of the frame; {low:.0%} to {high:.0%} work best: move closer or crop"
        given.append(Advice("subject_too_small", message, param, round(measures.share, 3), list(BEST_SHARE)))
    if measures.touches:
        sides = " and ".join(measures.touches)
        message = f"the character touches the {sides} edge of the frame; leave space around it so that it is whole"
        given.append(Advice("subject_touches_edge", message, param, list(measures.touches), []))
    if measures.subjects > 1:
        message = f"the clip shows {measures.subjects} subjects, the largest was taken; show one character at a time"
        given.append(Advice("several_subjects", message, param, measures.subjects, 1))
    return [*given, *advise_motion(measures, param=param)]


def advise_motion(measures: Measures, *, param: str) -> list[Advice]:
    if measures.motion is None or measures.motion >= LEAST_MOTION:
        return []
    message = (
        f"hardly anything moves (change {measures.motion:.2f}, at least {LEAST_MOTION:g}); a walk, turn or gesture establishes a character"
    )
    return [Advice("little_motion", message, param, round(measures.motion, 3), LEAST_MOTION)]


def as_rows(given: list[Advice]) -> list[dict[str, object]]:
    return [asdict(advice) for advice in given]
