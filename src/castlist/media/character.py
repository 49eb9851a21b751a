"""Derive a character once from its clip or images: clip, stills, cutout with alpha, sheet, and advice on how to do better."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from castlist.errors import MediaRefused
from castlist.media import stills
from castlist.media.advice import Measures, advise_shape, advise_subject
from castlist.media.bounds import check_range
from castlist.media.choose import choose_range
from castlist.media.clip import Cut, cut_clip
from castlist.media.cutout import Segmentation, segment, shrink
from castlist.media.derived import Derived, Range, Views, save_views
from castlist.media.encode import publish, write_cutout
from castlist.media.frames import read_clip
from castlist.media.lab import Pixels
from castlist.media.matte import Matte
from castlist.media.measure import Subject, locate, motion, touched
from castlist.media.plate import Plate, enlarge_plate
from castlist.media.portrait import derive_images
from castlist.media.probe import Facts, measure

LONGEST_WHOLE = 4.05
BEST_SECONDS = 3.0

Report = Callable[[float], None]


def derive(spec: Mapping[str, object], report: Report) -> dict[str, object]:
    """{sources, kind: video | image, out, start?, end?, param?} -> what `analysis.json` holds; all files go to `out`."""
    given, out = spec["sources"], Path(str(spec["out"]))
    sources = [Path(str(path)) for path in given] if isinstance(given, list) else [Path(str(given))]
    kind = str(spec.get("kind") or "video")
    param = str(spec.get("param") or kind)
    if kind == "image":
        derived = derive_images(sources, out, param=param, report=report)
    elif len(sources) == 1:
        derived = derive_video(sources[0], out, bounds=(spec.get("start"), spec.get("end")), param=param, report=report)
    else:
        message = f"{len(sources)} videos were sent; a character is made from one video or from one to four images"
        raise MediaRefused(message, code="too_many_files", param=param, value=len(sources), limit=1)
    result = derived.describe()
    with publish(out / "analysis.json") as draft:
        draft.write_text(json.dumps(result, indent=1))
    report(1.0)
    return result


def derive_video(path: Path, out: Path, *, bounds: tuple[object, object], param: str, report: Report) -> Derived:
    facts = measure(path, kind="video", param=param)
    taken = take_range(path, facts, bounds=bounds, param=param)
    cut = Cut(taken.start, taken.end)
    small: list[Pixels] = []

    def look(done: float, picture: Pixels) -> None:
        small.append(shrink(picture))
        report(0.4 * done)

    clip = cut_clip(path, out / "clip.mp4", cut=cut, param=param, shown=look)
    size = (clip.width, clip.height)
    found = segment(small)
    report(0.5)
    subject = locate(found.masks, size) if found.separable else None
    picks = stills.choose(small, found.masks if found.separable else None)
    views = cut_views(out, found, subject, picks=picks, report=lambda done: report(0.5 + 0.45 * done / clip.frames))
    save_views(out, views)
    measures = Measures(
        share=max(subject.height / clip.height, subject.width / clip.width) if subject else 0.0,
        touches=touched(found.masks) if subject else (),
        motion=motion(small, found.masks if subject else None),
        subjects=found.subjects,
        fault=found.fault,
    )
    advice = [
        *advise_shape(facts.width, facts.height, seconds=facts.seconds if not given(bounds) else taken.end - taken.start, param=param),
        *advise_subject(measures, param=param),
    ]
    return Derived(clip, taken, facts, subject, found.fault, stills=len(views.stills), advice=tuple(advice), kind="video")


def given(bounds: tuple[object, object]) -> bool:
    return any(bound is not None for bound in bounds)


def take_range(path: Path, facts: Facts, *, bounds: tuple[object, object], param: str) -> Range:
    """What was asked for, else the whole clip, else the best of a long one."""
    asked = check_range(*bounds, seconds=facts.seconds)
    if asked is not None:
        return Range(*asked, chosen=False)
    if facts.seconds <= LONGEST_WHOLE:
        return Range(0.0, facts.seconds, chosen=False)
    return Range(*choose_range(path, facts, seconds=BEST_SECONDS, param=param), chosen=True)


def cut_views(out: Path, found: Segmentation, subject: Subject | None, *, picks: Sequence[int], report: Report) -> Views:
    """Go through the clip once more at full size: the stills, and where the subject can be separated the cutout."""
    clip = out / "clip.mp4"
    if subject is None:
        kept = {number: frame for number, frame in enumerate(read_clip(clip)) if number in picks}
        return Views(tuple(kept[pick] for pick in picks), ())
    background = enlarge_plate(found.background, read_clip(clip), found.masks) if isinstance(found.background, Plate) else found.background
    frames: dict[int, Pixels] = {}
    cutouts: dict[int, Pixels] = {}
    matte: Matte | None = None
    with write_cutout(out / "cutout.avi", (subject.box[2], subject.box[3])) as write:
        for number, (frame, mask, shadow) in enumerate(zip(read_clip(clip), found.masks, found.shadows, strict=True)):
            size = (frame.shape[1], frame.shape[0])
            matte = matte or Matte(background, size, box=subject.box, scale=size[0] / mask.shape[1])
            cutout = matte.refine(frame, mask, shadow=shadow)
            write(cutout)
            if number in picks:
                frames[number], cutouts[number] = frame, cutout
            report(number + 1)
    return Views(tuple(frames[pick] for pick in picks), tuple(cutouts[pick] for pick in picks))
