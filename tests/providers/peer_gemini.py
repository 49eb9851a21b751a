"""The official Google SDK against an emulated upstream: run with its interpreter, `peer_gemini.py BASE_URL KEY < calls`, answers JSON.

A call is `["create", arguments, paths of images, paths of videos, prompt]`, `["get" | "cancel" | "delete", id]` or `["download", uri]`.
"""

import json
import mimetypes
import sys
import warnings

from google import genai
from google.genai import errors
from google.genai.types import HttpOptions, UploadFileConfig

warnings.simplefilter("ignore")
client = genai.Client(api_key=sys.argv[2], http_options=HttpOptions(base_url=sys.argv[1]))


def create(arguments: dict, images: list[str], videos: list[str], prompt: str) -> object:
    parts = [{"type": kind, **upload(path)} for kind, paths in (("image", images), ("video", videos)) for path in paths]
    steps = [{"type": "user_input", "content": [*parts, {"type": "text", "text": prompt}]}]
    return show(client.interactions.create(background=True, input=steps, **arguments))


def upload(path: str) -> dict[str, str]:
    media_type = mimetypes.guess_type(path)[0]
    file = client.files.upload(file=path, config=UploadFileConfig(mime_type=media_type))
    return {"uri": file.uri, "mime_type": media_type}


def show(made: object) -> object:
    video = made.output_video
    errors_of = [[each.code, each.message] for each in made.errors or []]
    kinds = [type(step).__name__ for step in made.steps or []]
    uri, data = (video.uri, bool(video.data)) if video else (None, False)
    return {"id": made.id, "status": made.status, "uri": uri, "data": data, "text": made.output_text, "errors": errors_of, "steps": kinds}


def call(verb: str, *arguments: object) -> object:
    match verb:
        case "create":
            return create(*arguments)
        case "get" | "cancel":
            return show(getattr(client.interactions, verb)(id=arguments[0]))
        case "delete":
            return client.interactions.delete(id=arguments[0])
        case "download":
            return len(client.files.download(file=arguments[0]))


def attempt(step: list) -> object:
    try:
        return call(*step)
    except (errors.APIError, Exception) as error:
        return {"error": type(error).__name__, "status": getattr(error, "status_code", getattr(error, "code", None)), "text": str(error)}


sys.stdout.write(json.dumps([attempt(step) for step in json.load(sys.stdin)]))
