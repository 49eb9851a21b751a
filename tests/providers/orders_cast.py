"""Orders for adapters under test: two characters with media in a folder, an opening frame, a source."""

from dataclasses import replace

from castlist.model.characters import CastMember, Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size, Source, Wishes
from castlist.model.providing import Order

WIDE = Size(1280, 720)


def keep_media(folder, *, stills=4):
    """Two characters, an opening frame and a source as files: contents are small and all different."""
    for name in ("luna", "mossy"):
        for n in range(stills):
            (folder / f"{name}-{n}.jpg").write_bytes(f"jpeg {name} {n}".encode())
        (folder / f"{name}.mp4").write_bytes(f"clip {name}".encode())
        (folder / f"{name}-3s.mp4").write_bytes(f"short {name}".encode())
    (folder / "frame.png").write_bytes(b"the opening frame")
    (folder / "source.mp4").write_bytes(b"the source video")
    (folder / "another.mp4").write_bytes(b"another source video")


def member(name, *, stills=4, form="jpeg", **more):
    """A character as casting hands it on."""
    media = {f"{form}-{n}": f"{name.lower()}-{n}.jpg" for n in range(stills)} | {
        "clip-5s": f"{name.lower()}.mp4",
        "clip-3s": f"{name.lower()}-3s.mp4",
    }
    return CastMember(f"char_{name.lower()}", name, Fidelity.REFERENCE, media=media, **more)


LUNA, MOSSY = member("Luna"), member("Mossy")


def create(model, prompt="A fox walks.", *cast, seconds=4, size=WIDE, frame=None, options=None):
    wishes = Wishes(options=options or {})
    operation = CreateVideo(prompt, "hero", seconds, size, tuple(m.id for m in cast), frame, wishes=wishes)
    return Order(operation, model, prompt, cast, "video_1", 7, timeout=5.0)


def follow_up(kind, model, prompt="Make it snow.", *cast, seconds=5, length=6.0, options=None):
    """An edit, an extension or a remix of the stored source."""
    source = Source("source.mp4", length, WIDE)
    characters = tuple(m.id for m in cast)
    wishes = Wishes(options=options or {})
    if kind == "extend":
        operation = ExtendVideo(prompt, "hero", seconds, source, characters, wishes=wishes)
    else:
        operation = (EditVideo if kind == "edit" else RemixVideo)(prompt, "hero", source, characters, wishes=wishes)
    return Order(operation, model, prompt, cast, "video_1", 7, timeout=5.0)


def in_words(order):
    """The order with its cast described only."""
    return replace(order, cast=tuple(replace(m, fidelity=Fidelity.DESCRIBED, media={}) for m in order.cast))
