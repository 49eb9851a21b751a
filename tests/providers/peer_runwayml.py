"""What the official Runway SDK declares, sends and reads, as JSON: run with the interpreter it is installed for.

peer_runwayml.py declare MODEL…            the fields of each route for those models
peer_runwayml.py send BASE_URL < intents   one call after another: [method, arguments], `["upload", path]` for a file
peer_runwayml.py read BASE_URL ID…         each task through the strict type of the SDK
"""

import json
import sys
import typing
from pathlib import Path

from pydantic import TypeAdapter
from runwayml import RunwayML
from runwayml.types import image_to_video_create_params, text_to_video_create_params, video_to_video_create_params
from runwayml.types.task_retrieve_response import TaskRetrieveResponse
from typing_extensions import is_typeddict

KEY = "key-runway"
PARAMS = {
    "text_to_video": text_to_video_create_params,
    "image_to_video": image_to_video_create_params,
    "video_to_video": video_to_video_create_params,
}
KEPT = frozenset({
    "model", "promptText", "promptImage", "promptVideo", "videoUri", "ratio", "resolution", "duration", "audio", "seed", "mode",
    "references", "referenceVideos", "contentModeration", "negativePrompt",
})  # fmt: skip


def declare(models: list[str]) -> object:
    found = {}
    for route, module in PARAMS.items():
        known = [kind for kind in vars(module).values() if is_typeddict(kind)]
        fields = [(read_fields(kind), kind) for kind in known]
        found[route] = {shape["model"]["enum"][0]: shape for shape, _ in fields if shape.get("model", {}).get("enum", [None])[0] in models}
    return found


def read_fields(kind: type) -> dict[str, object]:
    hints = typing.get_type_hints(kind, include_extras=True)
    shapes = {}
    for name, declared in hints.items():
        hint, required = declared, False
        alias = name
        while True:
            origin = typing.get_origin(hint)
            if getattr(origin, "_name", getattr(origin, "__name__", "")) == "Required":
                required, hint = True, typing.get_args(hint)[0]
            elif hasattr(hint, "__metadata__"):
                alias = next((each.alias for each in hint.__metadata__ if getattr(each, "alias", None)), alias)
                hint = typing.get_args(hint)[0]
            else:
                break
        if alias in KEPT or "model" not in hints:
            shapes[alias] = {**read_shape(hint), **({"required": True} if required else {})}
    return shapes


def read_shape(hint: object) -> dict[str, object]:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return {"enum": list(typing.get_args(hint))}
    if origin is typing.Union:
        return {"any": [read_shape(each) for each in typing.get_args(hint)]}
    if is_typeddict(hint):
        return {"fields": read_fields(hint)}
    if origin is not None and typing.get_args(hint):
        return {"items": read_shape(typing.get_args(hint)[0])}
    return {"type": getattr(hint, "__name__", "object")}


def send(base: str) -> object:
    client = RunwayML(api_key=KEY, base_url=base, max_retries=0)
    answers = []
    for method, given in json.load(sys.stdin):
        if method == "upload":
            answers.append(client.uploads.create_ephemeral(file=Path(given)).uri)
        else:
            answers.append(getattr(client, method).create(**given).id)
    return answers


def read(base: str, ids: list[str]) -> object:
    client = RunwayML(api_key=KEY, base_url=base, max_retries=0)
    strict = TypeAdapter(TaskRetrieveResponse)
    seen = []
    for id in ids:
        raw = client.tasks.with_raw_response.retrieve(id)
        task = strict.validate_json(raw.http_response.read())
        seen.append([type(task).__name__, sorted(task.model_extra or {})])
    return seen


match sys.argv[1]:
    case "declare":
        answer = declare(sys.argv[2:])
    case "send":
        answer = send(sys.argv[2])
    case _:
        answer = read(sys.argv[2], sys.argv[3:])
sys.stdout.write(json.dumps(answer))
