"""Decode a reference image from anybody and write it anew: upright, 8 bit, without anything but its pixels."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from castlist.errors import MediaRefused
from castlist.media import pictures
from castlist.media.encode import write_picture

# What a caller of the image parameter is told, for what the reader found.
CODES = {"unsupported_media_type": "invalid_image", "undecodable_media": "invalid_image", "resolution_too_large": "image_too_large"}


def normalise(spec: Mapping[str, object], report: Callable[[float], None]) -> dict[str, object]:
    """{path, out, param?} -> image.png and its {file, width, height, bytes}. Refuses with `invalid_image` or `image_too_large`."""
    out = Path(str(spec["out"]))
    param = str(spec.get("param") or "input_reference")
    try:
        picture = pictures.read(Path(str(spec["path"])), param=param)
    except MediaRefused as error:
        code = CODES.get(error.code, error.code)
        raise MediaRefused(error.message, code=code, param=param, value=error.value, limit=error.limit) from None
    report(0.5)
    pixels = picture.bgr if picture.alpha is None else np.dstack([picture.bgr, picture.alpha])
    write_picture(out / "image.png", pixels)
    height, width = pixels.shape[:2]
    return {"file": "image.png", "width": width, "height": height, "bytes": (out / "image.png").stat().st_size}
