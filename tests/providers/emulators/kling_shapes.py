"""What Kling's omni route and element library take, field by field: our own reading of its pages of 2026-09-20."""

import base64
import binascii
import re
from itertools import permutations

import cv2
import numpy as np

from providers.emulators.strict import complain

BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
LINK = re.compile(r"https?://\S+")
ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RATIOS = {"16:9", "9:16", "1:1"}
PICTURES = ("first_frame", "last_frame", "refer_image")
VIDEOS = ("base_video", "feature_video")


def content_shape(item):
    kind = item.get("type") if isinstance(item, dict) else None
    if kind in PICTURES:
        return {"type": {kind}, "url": picture_shape, "id?": ID}
    if kind in VIDEOS:
        return {"type": {kind}, "url": LINK, "id?": ID}
    if kind == "element":
        return {"type": {kind}, "element_id": re.compile(r"\d+"), "id": ID}
    return {"type": {"prompt"}, "text": str}


def picture_shape(url):
    return LINK if isinstance(url, str) and url.startswith("http") else BASE64


def omni(*, seconds, resolutions, audio, shots):
    return {
        "contents": [content_shape],
        "settings": {
            "resolution?": resolutions,
            "aspect_ratio?": RATIOS,
            "duration?": frozenset(range(3, seconds + 1)),
            "audio?": audio,
        }
        | ({"multi_shot?": bool} if shots else {}),
        "options?": {"callback_url?": str, "external_task_id?": str, "watermark_info?": {"enabled": bool}},
    }


OMNI = {
    "kling-3.0-omni": omni(seconds=15, resolutions={"720p", "1080p", "4k"}, audio={"native", "original", "off"}, shots=True),
    "kling-o1": omni(seconds=10, resolutions={"720p", "1080p"}, audio={"original", "off"}, shots=False),
}
OLDER = {
    "model_name": {"kling-v3-omni", "kling-video-o1"},
    "prompt": str,
    "mode?": {"std", "pro", "4k"},
    "sound?": {"on", "off"},
    "aspect_ratio?": RATIOS,
    "duration?": frozenset(map(str, range(3, 16))),
    "multi_shot?": bool,
    "shot_type?": {"customize", "intelligence"},
    "image_list?": [{"image_url": picture_shape, "type?": {"first_frame", "end_frame"}}],
    "element_list?": [{"element_id": int}],
    "video_list?": [{"video_url": LINK, "refer_type": {"base", "feature"}, "keep_original_sound": {"yes", "no"}}],
    "external_task_id?": str,
}
"""From third parties' copies of the specification of the 3.0 series, February 2026."""

ANY_ELEMENT = {
    "element_name": re.compile(r".{1,20}", re.DOTALL),
    "element_description": re.compile(r".{1,100}", re.DOTALL),
    "element_voice_id?": str,
    "tag_list?": [{"tag_id": frozenset(f"o_10{n}" for n in range(1, 9))}],
    "external_task_id?": str,
}
ELEMENT = ANY_ELEMENT | {
    "reference_type": {"image_refer"},
    "element_image_list": {"frontal_image": picture_shape, "refer_images": [{"image_url": picture_shape}]},
}
FILMED = ANY_ELEMENT | {"reference_type": {"video_refer"}, "element_video_list": {"refer_videos": [{"video_url": LINK}]}}
"""From kling.ai/document-api/api/image/3-0-omni/elements as of 2026-09-20."""


def complain_of_omni(model, document):
    """What is wrong with a request to the newer route, None where nothing is."""
    shape = OMNI.get(model)
    return "model not found" if shape is None else complain(document, shape) or _complain_of_meaning(model, document)


def _complain_of_meaning(model, document):
    contents, settings = document["contents"], document["settings"]
    items = {kind: [item for item in contents if item["type"] == kind] for kind in ("prompt", "element", *PICTURES, *VIDEOS)}
    videos = [*items["base_video"], *items["feature_video"]]
    images, elements = items["refer_image"], items["element"]
    ids = [item["id"] for item in contents if "id" in item]
    prompts = [item["text"] for item in items["prompt"]]
    named = re.findall(r"@(\w+)", prompts[0]) if prompts else []
    audio, shots = settings.get("audio", "off"), settings.get("multi_shot", True)
    alone = items["first_frame"] and len(contents) == 2
    wrong = {
        "one prompt of up to 3072 characters is needed": len(prompts) != 1 or len(prompts[0]) > (2500 if model == "kling-o1" else 3072),
        "ids must be unique and no part of each other": any(one in other for one, other in permutations(ids, 2)),
        f"the prompt names something that is not there: {named}": any(name not in ids for name in named),
        "aspect_ratio is required": not (items["first_frame"] or videos) and "aspect_ratio" not in settings,
        "at most one reference video": len(videos) > 1,
        "too many pictures and elements": len(images) + len(elements) > (4 if videos else 7),
        "at most 3 elements beside a frame": bool(items["first_frame"]) and len(elements) > 3,
        "last frame only is not supported": bool(items["last_frame"]) and not items["first_frame"],
        "a base video takes no frames": bool(items["base_video"] and (items["first_frame"] or items["last_frame"])),
        "no native audio with a video": bool(videos) and audio == "native",
        "no original audio without a video": not videos and audio == "original",
        "a feature video takes audio off only": bool(items["feature_video"]) and audio != "off",
        "a base video is one shot": model != "kling-o1" and bool(items["base_video"]) and shots,
        "a feature video is of several shots": model != "kling-o1" and bool(items["feature_video"]) and not shots,
        "5 or 10 seconds only": model == "kling-o1" and bool(alone) and settings.get("duration", 5) not in {5, 10},
    }
    return next((words for words, true in wrong.items() if true), None) or _complain_of_pictures(
        [item["url"] for kind in PICTURES for item in items[kind]], most=50
    )


def complain_of_older(document):
    """What is wrong with a request to the older route."""
    words = complain(document, OLDER)
    if words:
        return words
    images, elements = document.get("image_list", []), document.get("element_list", [])
    videos = document.get("video_list", [])
    framed = any(image.get("type") == "first_frame" for image in images)
    counts = {"image": len(images), "element": len(elements), "video": len(videos)}
    named = re.findall(r"<<<(image|element|video)_(\d+)>>>", document["prompt"])
    wrong = {
        "prompt is longer than 2500 characters": len(document["prompt"]) > 2500,
        "the prompt names something that is not there": any(not 1 <= int(n) <= counts[kind] for kind, n in named),
        "aspect_ratio is required": not framed and not videos and "aspect_ratio" not in document,
        "sound must be off beside a video": bool(videos) and document.get("sound") == "on",
        "too many pictures and elements": len(images) + len(elements) > (4 if videos else 7),
        "shot_type is required": document.get("multi_shot", False) and "shot_type" not in document,
    }
    found = next((words for words, true in wrong.items() if true), None)
    return found or _complain_of_pictures([image["image_url"] for image in images], most=10)


def complain_of_element(document):
    """What is wrong with a request for an element."""
    if isinstance(document, dict) and document.get("reference_type") == "video_refer":
        films = document.get("element_video_list", {}).get("refer_videos", []) if complain(document, FILMED) is None else [None]
        return complain(document, FILMED) or ("exactly one video is needed" if len(films) != 1 else None)
    return complain(document, ELEMENT) or _complain_of_pictures(pictures_of(document), most=10)


def film_of(document):
    """The link to the clip of an element, None for one of pictures."""
    return document["element_video_list"]["refer_videos"][0]["video_url"] if document["reference_type"] == "video_refer" else None


def complain_of_films(model, document, *, filmed, elements):
    """What is wrong with as many elements made of clips, among so many in all, in a request in either API."""
    if not filmed:
        return None
    pictures = len(document.get("image_list", [])) + sum(item["type"] == "refer_image" for item in document.get("contents", []))
    wrong = {
        "the model does not support elements made of a video": model in {"kling-o1", "kling-video-o1"},
        "at most one element made of a video": filmed > 1,
        "at most 3 elements beside one made of a video": elements > 3,
        "at most 4 pictures beside an element made of a video": pictures + elements - filmed > 4,
    }
    return next((words for words, true in wrong.items() if true), None)


def pictures_of(document):
    """The pictures of an element, the frontal one first; none of one made of a clip."""
    if film_of(document):
        return []
    listed = document["element_image_list"]
    return [listed["frontal_image"], *(each["image_url"] for each in listed["refer_images"])]


def _complain_of_pictures(urls, *, most):
    return next((words for url in urls if not url.startswith("http") and (words := _complain_of_picture(url, most))), None)


def _complain_of_picture(url, most):
    try:
        content = base64.b64decode(url, validate=True)
    except binascii.Error:
        return "a picture is not base 64"
    picture = unpack(url)
    if picture is None or not content.startswith((b"\xff\xd8\xff", b"\x89PNG")):
        return "a picture is neither JPEG nor PNG"
    height, width = picture.shape[:2]
    if len(content) > most << 20 or min(height, width) < 300 or not 0.4 <= width / height <= 2.5:
        return f"a picture of {width}x{height} and {len(content)} bytes is outside the limits"
    return None


def unpack(url):
    """The pixels of a picture in base 64, None for what is none."""
    return cv2.imdecode(np.frombuffer(base64.b64decode(url), np.uint8), cv2.IMREAD_COLOR)
