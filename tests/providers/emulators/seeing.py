"""What each emulated upstream was shown of the one character of the last video that it took on, found as the upstream itself would."""

import base64

from providers.emulators.likeness import Seen


def seen_by_openai(upstream):
    """The clip behind the character that the request names."""
    request = next(each for each in reversed(upstream.requests) if each.path.rpartition("/")[2] == "videos")
    cast = [field.value.decode() for field in request.fields if field.name == "characters[][id]"]
    return Seen(clips=[upstream.characters[each][1] for each in cast], prompt=request.value("prompt"))


def seen_by_gemini(upstream):
    """The files that the parts of the input stand for."""
    parts = upstream.sent("/interactions")[-1]["input"][0]["content"]
    held = {kind: [upstream.files[part["uri"].rpartition("/")[2]] for part in parts if part["type"] == kind] for kind in ("image", "video")}
    return Seen(held["image"], held["video"], next(part["text"] for part in parts if part["type"] == "text"))


def seen_by_runwayml(upstream):
    """The uploads among the references."""
    body = upstream.sent("/text_to_video")[-1]
    stills, clips = ([upstream.uploads[each["uri"]] for each in body.get(name, [])] for name in ("references", "referenceVideos"))
    return Seen(stills, clips, body["promptText"])


def seen_by_kling(upstream):
    """The pictures that the elements were made of."""
    contents = next(document for document in reversed([each.document for each in upstream.requests]) if "contents" in (document or {}))[
        "contents"
    ]
    elements = [upstream.elements[int(item["element_id"])] for item in contents if item["type"] == "element"]
    stills = [base64.b64decode(picture) for element in elements for picture in element.pictures]
    return Seen(stills, prompt=next(item["text"] for item in contents if item["type"] == "prompt"))


def seen_by_fal_ai(upstream):
    """The stored files of the elements."""
    body = next(document for document in reversed([each.document for each in upstream.requests]) if "prompt" in (document or {}))
    urls = [url for each in body.get("elements", []) for url in (each["frontal_image_url"], *each["reference_image_urls"])]
    return Seen([upstream.files[url] for url in urls], [upstream.files[url] for url in body.get("video_urls", [])], body["prompt"])


def seen_by_xai(upstream):
    """The pictures inside the request."""
    body = upstream.sent("/generations")[-1]
    return Seen([base64.b64decode(each["url"].partition(",")[2]) for each in body.get("reference_images", [])], prompt=body["prompt"])
