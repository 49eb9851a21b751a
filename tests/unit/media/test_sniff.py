"""A file is what its first bytes say."""

import pytest

from castlist.media.sniff import describe, sniff

TAKEN = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff\xe1": "jpeg",
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": "webp",
    b"\x00\x00\x00\x20ftypisom": "mp4",
    b"\x00\x00\x00\x14ftypqt  ": "mov",
    b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat": "mov",
    b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm": "webm",
}
NOT_TAKEN = {
    b"#EXTM3U\n": "an HLS playlist",
    b"\xef\xbb\xbf#EXTM3U\n": "an HLS playlist",
    b"ffconcat version 1.0\nfile x": "a concat script",
    b"<?xml version='1.0'?><MPD>": "an XML or HTML text",
    b"GIF89a": "a GIF",
    b"RIFF\x00\x00\x00\x00AVI LIST": "an AVI",
    b"\x00\x00\x00\x18ftypheic": "a HEIC or AVIF image",
    b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska": "a Matroska file that is not WebM",
    b"ID3\x04": "an audio file",
    b"Dear all,\n": "plain text",
    b"\x00\x01\x02\x03\x04\x05\x06\x07\x08": "no format that we know",
}


@pytest.mark.parametrize("head", TAKEN)
def test_what_we_take_is_recognised_by_content(head: bytes) -> None:
    found = sniff(head)

    assert found is not None
    assert found.name == TAKEN[head]


@pytest.mark.parametrize("head", NOT_TAKEN)
def test_anything_else_is_not_taken_and_is_named(head: bytes) -> None:
    assert sniff(head) is None
    assert describe(head) == NOT_TAKEN[head]
