"""What a file is by its first bytes, never by its name: the demuxer is forced from this."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from castlist.errors import MediaRefused

HEAD = 4096
VIDEO_WANTED = "MP4, MOV and WebM are taken"
IMAGE_WANTED = "PNG, JPEG and WebP are taken"
STILL_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
MOV_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


@dataclass(frozen=True)
class Format:
    """`name` is what we call it, `demuxer` what FFmpeg does (empty for images)."""

    name: str
    kind: Literal["video", "image"]
    demuxer: str = ""


MP4, MOV, WEBM = Format("mp4", "video", "mp4"), Format("mov", "video", "mov"), Format("webm", "video", "webm")
PNG, JPEG, WEBP = Format("png", "image"), Format("jpeg", "image"), Format("webp", "image")


def recognise(path: Path, *, kind: str | None, param: str) -> Format:
    """The format by content, or a refusal that says what the file looks like and what is taken."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise MediaRefused("the file is empty (0 bytes)", code="empty_file", param=param, value=0)
    wanted = {"video": VIDEO_WANTED, "image": IMAGE_WANTED}.get(kind or "", f"{VIDEO_WANTED}; {IMAGE_WANTED}")
    found = sniff(head)
    if found is not None and kind in (None, found.kind):
        return found
    looks = describe(head) if found is None else f"{found.name.upper()} {found.kind}"
    article = "" if looks.startswith(("a ", "an ", "no ", "plain ")) else "an " if looks.startswith("M") else "a "
    raise MediaRefused(f"the file looks like {article}{looks}; {wanted}", code="unsupported_media_type", param=param, value=looks)


def sniff(head: bytes) -> Format | None:
    """The format of a file that starts with `head` (give HEAD bytes), or None for what we do not take."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return WEBM if b"webm" in head[:64] else None
    if head[4:8] == b"ftyp":
        return sniff_brand(head[8:12])
    return MOV if head[4:8] in MOV_BOXES else None


def sniff_brand(brand: bytes) -> Format | None:
    if brand in STILL_BRANDS:
        return None
    return MOV if brand == b"qt  " else MP4


def describe(head: bytes) -> str:
    """What a refused file looks like, for the message."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    known = (
        (text.startswith(b"#EXTM3U"), "an HLS playlist"),
        (text.startswith(b"ffconcat"), "a concat script"),
        (text[:5].lower() in (b"<?xml", b"<!doc", b"<html", b"<mpd ") or text.startswith(b"<svg"), "an XML or HTML text"),
        (head[:3] == b"GIF", "a GIF"),
        (head[:4] == b"RIFF" and head[8:12] == b"AVI ", "an AVI"),
        (head.startswith(b"\x1a\x45\xdf\xa3"), "a Matroska file that is not WebM"),
        (head[4:8] == b"ftyp", "a HEIC or AVIF image"),
        (head[:3] == b"ID3" or head[:4] in (b"OggS", b"fLaC") or head[8:12] == b"WAVE", "an audio file"),
        (head[:4] == b"%PDF", "a PDF"),
        (head[:2] == b"PK", "a ZIP archive"),
        (bool(head) and all(byte >= 32 or byte in b"\t\r\n\f\x1b" for byte in head[:512]), "plain text"),
    )
    return next((words for fits, words in known if fits), "no format that we know")
