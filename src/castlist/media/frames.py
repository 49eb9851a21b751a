"""Turn decoded frames into the picture a viewer sees: upright, square pixels, 8-bit BT.709 BGR."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Reals = NDArray[np.float32]

PQ, HLG = 16, 18
FULL_RANGE = 2
BT709, UNSPECIFIED, BT2020_NCL, BT2020_CL = 1, 2, 9, 10
HD_HEIGHT = 720
SDR_WHITE_NITS = 203.0
TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
# Linear light from BT.2020 to BT.709 primaries (ITU-R BT.2087), rows and columns in R, G, B.
WIDE_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)


# Limited-range luma and chroma to full-range blue, green, red (ITU-R BT.709-6 and BT.601-7); the last column is the offset.
YUV_TO_BGR = {
    int(Colorspace.ITU709): np.array(
        [[1.16438, 2.11240, 0.0, -289.018], [1.16438, -0.21325, -0.53291, 76.878], [1.16438, 0.0, 1.79274, -248.101]], np.float32
    ),
    int(Colorspace.ITU601): np.array(
        [[1.16438, 2.01723, 0.0, -276.836], [1.16438, -0.39176, -0.81297, 135.575], [1.16438, 0.0, 1.59603, -222.922]], np.float32
    ),
}


@dataclass(frozen=True)
class Turn:
    """How a coded frame becomes the displayed one: turned counter-clockwise by `rotation`, then `width` x `height`."""

    rotation: int
    width: int
    height: int

    def fit(self, short: int) -> "Turn":
        """The same turn, not larger than `short` on the short side, sides even."""
        scale = min(1.0, short / min(self.width, self.height))
        return Turn(self.rotation, even(self.width * scale), even(self.height * scale))


def even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def turn_of(frame: VideoFrame, stream: VideoStream) -> Turn:
    """From the frame's display matrix and the pixel aspect ratio; a rotation off the right angles goes to the nearest one."""
    rotation = round(frame.rotation / 90) * 90 % 360
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    width, height = round(frame.width * aspect) if 0.1 < aspect < 10 else frame.width, frame.height
    return Turn(rotation, height, width) if rotation in (90, 270) else Turn(rotation, width, height)


def to_bgr(frame: VideoFrame, turn: Turn) -> Pixels:
    sideways = turn.rotation in (90, 270)
    width, height = (turn.height, turn.width) if sideways else (turn.width, turn.height)
    pixels = tone_map(frame, width, height) if frame.color_trc in (PQ, HLG) else convert(frame, width, height)
    if turn.rotation not in TURNS:
        return pixels
    return np.ascontiguousarray(cv2.rotate(pixels, TURNS[turn.rotation]).astype(np.uint8, copy=False))


def convert(frame: VideoFrame, width: int, height: int) -> Pixels:
    if frame.format.name == "yuv420p" and frame.color_range != FULL_RANGE and matrix_of(frame) in YUV_TO_BGR:
        return unpack(frame, (width, height))
    return rescale(frame, width, height, pixel_format="bgr24").to_ndarray().astype(np.uint8, copy=False)


def rescale(frame: VideoFrame, width: int, height: int, *, pixel_format: str) -> VideoFrame:
    smaller = width < frame.width
    flags = (Interpolation.AREA if smaller else Interpolation.BICUBIC) | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    return frame.reformat(width, height, pixel_format, src_colorspace=matrix_of(frame), interpolation=int(flags))


def read_clip(path: Path, *, size: tuple[int, int] | None = None) -> Iterator[Pixels]:
    """BGR frames of a clip that we wrote ourselves, scaled down to `size` where it is given."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 2
        for frame in container.decode(stream):
            yield unpack(frame, size or (frame.width, frame.height))


def unpack(frame: VideoFrame, size: tuple[int, int]) -> Pixels:
    """From limited-range yuv420p, rounded and with smooth chroma, in a third of the time that swscale takes to do the same."""
    planes = [plane_of(frame, number) for number in range(3)]
    whole = [plane if plane.shape == size[::-1] else resize(plane, size) for plane in planes]
    return np.asarray(cv2.transform(cv2.merge(whole), YUV_TO_BGR[matrix_of(frame)]), np.uint8)


def resize(plane: Pixels, size: tuple[int, int]) -> Pixels:
    method = cv2.INTER_AREA if plane.shape[1] > 1.5 * size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=method), np.uint8)


def plane_of(frame: VideoFrame, number: int) -> Pixels:
    plane = frame.planes[number]
    flat = np.frombuffer(memoryview(plane), np.uint8)
    return np.asarray(flat.reshape(plane.height, plane.line_size)[:, : plane.width], np.uint8)


def matrix_of(frame: VideoFrame) -> int:
    """swscale takes an untagged frame for BT.601; everything that is HD and untagged is BT.709 in practice."""
    if frame.colorspace == UNSPECIFIED:
        return int(Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601)
    if frame.colorspace in (BT2020_NCL, BT2020_CL):
        return int(Colorspace.BT2020)
    return int(Colorspace.ITU709 if frame.colorspace == BT709 else Colorspace.ITU601)


def tone_map(frame: VideoFrame, width: int, height: int) -> Pixels:
    """HDR to SDR: to linear light, to BT.709 primaries, highlights rolled off above SDR white, and back to a gamma."""
    coded = rescale(frame, width, height, pixel_format="rgb48le").to_ndarray().astype(np.uint16, copy=False)
    light = cv2.transform(linear_table(int(frame.color_trc))[coded], WIDE_TO_709)
    light = np.maximum(light, 0.0)
    peak = light.max(axis=2, keepdims=True)
    shoulder = np.where(peak > 0.75, 0.75 + 0.25 * (1 - np.exp(-(peak - 0.75) / 0.5)), peak)
    light *= shoulder / np.maximum(peak, 1e-6)
    coded_sdr = np.power(np.clip(light, 0.0, 1.0), 1 / 2.2) * 255.0
    return np.ascontiguousarray(coded_sdr[:, :, ::-1].round().astype(np.uint8))


@cache
def linear_table(transfer: int) -> Reals:
    """Light for each 16-bit code, 1.0 = SDR white (SMPTE ST 2084 and ARIB STD-B67)."""
    code = np.arange(65536, dtype=np.float64) / 65535.0
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = np.power(code, 1 / m2)
        light = 10000.0 * np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1)
        return (light / SDR_WHITE_NITS).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(code <= 0.5, code * code / 3, (np.exp((code - c) / a) + b) / 12)
    return (np.power(scene, 1.2) * 1000.0 / SDR_WHITE_NITS).astype(np.float32)
