"""The OpenAPI description of this gateway, made from the wire models, the routes and the models configured."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from castlist.server.front import Front
from castlist.server.wire import answers, requests, told_answers, trouble
from castlist.server.wire.asking import PLANS

Schema = dict[str, object]
_REF = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Operation:
    """How one route is described. `answer` is its JSON answer or the media types it sends; `bodies` the shapes its body may have; `errors`
    the statuses it may refuse with."""

    summary: str
    answer: type[BaseModel] | tuple[str, ...]
    bodies: tuple[type[BaseModel], ...] = ()
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    key: bool = True


_SUBMIT = (400, 403, 404, 408, 409, 413, 415, 501, 503)
_MAKE = (*_SUBMIT, 402, 410)
_SPAN = ("after", "limit", "order")
_SENT = ("Idempotency-Key",)
_RANGE = ("Range", "If-None-Match", "If-Range")
OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/videos/characters"): Operation(
        "Create a character from a clip or pictures.",
        answers.CharacterAnswer,
        (requests.CreateCharacterBody,),
        headers=_SENT,
        errors=_SUBMIT,
    ),
    ("GET", "/videos/characters"): Operation("List characters.", answers.CharacterPage, query=(*_SPAN, "name"), errors=(400, 404)),
    ("GET", "/videos/characters/{character_id}"): Operation("A character.", answers.CharacterAnswer, errors=(400, 404)),
    ("DELETE", "/videos/characters/{character_id}"): Operation(
        "Remove a character; finished videos stay.", answers.DeletedCharacter, errors=(400, 404)
    ),
    ("GET", "/videos/characters/{character_id}/content"): Operation(
        "A character's clip, still, cutout or sheet.",
        ("video/mp4", "image/jpeg", "image/png"),
        query=("character_variant", "expires", "signature"),
        headers=_RANGE,
        errors=(400, 404, 409, 416),
    ),
    ("POST", "/videos"): Operation("Create a video.", answers.VideoAnswer, (requests.CreateVideoBody,), headers=_SENT, errors=_MAKE),
    ("GET", "/videos"): Operation("List videos.", answers.VideoPage, query=(*_SPAN, "status", "character"), errors=(400, 404)),
    ("POST", "/videos/plan"): Operation(
        "What would become of a request for a video.", answers.PlanAnswer, tuple(PLANS.values()), errors=_MAKE
    ),
    ("POST", "/videos/edits"): Operation("Change a video.", answers.VideoAnswer, (requests.EditVideoBody,), headers=_SENT, errors=_MAKE),
    ("POST", "/videos/extensions"): Operation(
        "Make a video longer.", answers.VideoAnswer, (requests.ExtendVideoBody,), headers=_SENT, errors=_MAKE
    ),
    ("GET", "/videos/{video_id}"): Operation(
        "A video; with wait, as soon as there is news.", answers.VideoAnswer, query=("wait",), errors=(400, 404)
    ),
    ("DELETE", "/videos/{video_id}"): Operation("Remove a video, cancelling it first.", answers.DeletedVideo, errors=(400, 404)),
    ("GET", "/videos/{video_id}/events"): Operation(
        "Server-sent events: the video at each change, until it ends.",
        ("text/event-stream",),
        headers=("Last-Event-ID",),
        errors=(400, 404),
    ),
    ("GET", "/videos/{video_id}/content"): Operation(
        "A video's bytes, thumbnail or spritesheet.",
        ("video/mp4", "image/webp", "image/jpeg"),
        query=("variant", "expires", "signature"),
        headers=_RANGE,
        errors=(400, 404, 409, 416),
    ),
    ("POST", "/videos/{video_id}/remix"): Operation(
        "The same cast in another take.", answers.VideoAnswer, (requests.RemixVideoBody,), headers=_SENT, errors=_MAKE
    ),
    ("POST", "/videos/{video_id}/cancel"): Operation("Stop a video.", answers.VideoAnswer, errors=(400, 404, 409)),
    ("POST", "/requests/settle"): Operation(
        "What became of the request with an Idempotency-Key; none is taken any more with it.",
        answers.RequestAnswer,
        headers=_SENT,
        errors=(400,),
    ),
    ("GET", "/jobs/unknown"): Operation(
        "Videos of all projects whose request was never answered; takes the master key.", trouble.TroublePage, errors=(400,)
    ),
    ("GET", "/jobs/stuck"): Operation(
        "Videos of all projects that take far longer than usual; takes the master key.", trouble.TroublePage, errors=(400,)
    ),
    ("POST", "/jobs/{video_id}/resolve"): Operation(
        "Decide about a video whose request was never answered; takes the master key.",
        trouble.TroubleAnswer,
        (requests.ResolveBody,),
        errors=(400, 404, 408, 409, 413, 415, 503),
    ),
    ("GET", "/media/{name}"): Operation(
        "A stored file, by a signed link that a provider was given (media.public_base_url).",
        ("video/mp4", "image/webp", "image/jpeg", "image/png"),
        query=("file_variant", "expires", "signature"),
        headers=_RANGE,
        errors=(400, 403, 416),
        key=False,
    ),
    ("GET", "/webhook_endpoints"): Operation("List the endpoints that are told of videos.", told_answers.EndpointPage, errors=(400,)),
    ("GET", "/webhook_endpoints/{endpoint_id}"): Operation("A webhook endpoint.", told_answers.EndpointAnswer, errors=(400, 404)),
    ("POST", "/webhook_endpoints/{endpoint_id}/test"): Operation(
        "Send an endpoint an event about no video.", told_answers.TrialAnswer, (requests.TrialBody,), errors=(400, 403, 404, 408, 413, 415)
    ),
    ("GET", "/webhook_deliveries"): Operation(
        "List deliveries, with every attempt.", told_answers.DeliveryPage, query=(*_SPAN, "state", "video"), errors=(400, 404)
    ),
    ("GET", "/webhook_deliveries/{delivery_id}"): Operation("A delivery.", told_answers.DeliveryAnswer, errors=(400, 404)),
    ("POST", "/webhook_deliveries/{delivery_id}/redeliver"): Operation(
        "Send a delivery once more.", told_answers.DeliveryAnswer, errors=(400, 404)
    ),
    ("GET", "/webhook_secret"): Operation("Since when the secrets that sign were made.", told_answers.SecretAnswer, errors=(400,)),
    ("POST", "/webhook_secret/rotate"): Operation(
        "A new secret, shown this once; the one before signs too for a day.", told_answers.NewSecretAnswer, errors=(400,)
    ),
    ("POST", "/callbacks/{provider}/{token}"): Operation(
        "Where a provider calls back (media.public_base_url).", told_answers.CallbackAnswer, errors=(400, 403, 404, 413, 503), key=False
    ),
    ("GET", "/models"): Operation("The models and what they can do.", answers.ModelPage, errors=(400,)),
    ("GET", "/models/{model}"): Operation("One model.", answers.ModelAnswer, errors=(400, 404)),
    ("GET", "/health/liveliness"): Operation("Whether the process lives.", answers.HealthAnswer, key=False),
    ("GET", "/health/readiness"): Operation("Whether requests can be kept.", answers.HealthAnswer, errors=(503,), key=False),
    ("GET", "/metrics"): Operation("Counters for Prometheus.", ("text/plain",), key=False, errors=(401, 403)),
    ("GET", "/openapi.json"): Operation("This description.", ("application/json",), key=False, errors=(401, 403)),
    ("GET", "/docs"): Operation("This description, to read.", ("text/html",), key=False, errors=(401, 403)),
}
_AFTER_VIDEO = (
    ("GET", "/videos/{video_id}"),
    ("GET", "/videos/{video_id}/content"),
    ("GET", "/videos/{video_id}/events"),
    ("POST", "/videos/{video_id}/remix"),
    ("POST", "/videos/{video_id}/cancel"),
    ("DELETE", "/videos/{video_id}"),
)
_AFTER_CHARACTER = (
    ("GET", "/videos/characters/{character_id}"),
    ("GET", "/videos/characters/{character_id}/content"),
    ("DELETE", "/videos/characters/{character_id}"),
)
_LINKS: Mapping[object, tuple[str, Sequence[tuple[str, str]]]] = {
    answers.VideoAnswer: ("video_id", _AFTER_VIDEO),
    answers.CharacterAnswer: ("character_id", _AFTER_CHARACTER),
}
"""What can be done with the id in an answer, as OpenAPI's links."""
_STATUS = {
    400: "The request is wrong; the message says what would work.",
    401: "No key, or an unknown one.",
    402: "It would cost more than may be spent today.",
    403: "Not from here: a foreign page, a foreign Host, or a dead link.",
    404: "No such thing in this project.",
    408: "The body stopped arriving.",
    409: "It is not in a state for that.",
    410: "The vendor has shut the model down, and nothing serves in its place.",
    413: "Too many bytes.",
    415: "A content type that is not read here.",
    416: "No byte of the range exists.",
    501: "No deployment of the model can do that at all.",
    503: "Not now; try again.",
}
_FILE: Schema = {"type": "string", "format": "binary"}
_DIGITS: Schema = {"type": "string", "pattern": "^[0-9]{1,12}$"}
_QUERY: Mapping[str, tuple[Schema, str]] = {
    "after": ({"type": "string"}, "The id after which the page begins."),
    "limit": ({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, "How many, at most."),
    "order": ({"type": "string", "enum": ["asc", "desc"], "default": "desc"}, "By time of creation."),
    "name": ({"type": "string"}, "Only characters of that name."),
    "status": ({"type": "string", "enum": ["queued", "in_progress", "completed", "failed"]}, "Only videos with that status."),
    "character": ({"type": "string"}, "Only videos with that character."),
    "state": ({"type": "string", "enum": ["pending", "delivered", "dead", "disabled"]}, "Only deliveries in that state."),
    "video": ({"type": "string"}, "Only deliveries about that video."),
    "wait": ({"type": "number", "minimum": 0, "maximum": 60}, "Seconds to wait for news."),
    "variant": ({"type": "string", "enum": ["video", "thumbnail", "spritesheet"], "default": "video"}, "Which of its files."),
    "character_variant": ({"type": "string", "enum": ["video", "still", "cutout", "sheet"], "default": "video"}, "Which of its files."),
    "file_variant": ({"type": "string", "enum": ["file"]}, "The file itself."),
    "expires": (_DIGITS, "Of a signed link."),
    "signature": ({"type": "string", "pattern": "^[0-9a-f]{64}$"}, "Of a signed link."),
}
_NAMED = ("video_id", "character_id", "endpoint_id", "delivery_id", "name", "provider", "token")
_HEADERS: Mapping[str, Schema] = {
    **{name: {"type": "string"} for name in (*_RANGE, "Last-Event-ID")},
    "Idempotency-Key": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


PLAIN = frozenset({requests.TrialBody, requests.ResolveBody})
"""Bodies about no video and without files: JSON, as they stand."""


def describe(front: Front) -> Schema:
    """The whole document. Names of models and of providers' option blocks are those of this gateway."""
    shapes: list[type[BaseModel]] = [answers.ErrorAnswer]
    for operation in OPERATIONS.values():
        shapes += operation.bodies
        shapes += [] if isinstance(operation.answer, tuple) else [operation.answer]
    wanted: list[tuple[type[BaseModel], Literal["validation"]]] = [(shape, "validation") for shape in shapes]
    _, definitions = models_json_schema(wanted, ref_template=_REF)
    schemas: dict[str, Schema] = definitions["$defs"]
    known = sorted(front.engine.kit.known_providers)
    names = [model.id for model in front.engine.models()]
    nullable: dict[str, Schema] = {name: {"anyOf": [block, {"type": "null"}]} for name, block in _options(front).items()}
    _fields(schemas[requests.OurWishes.__name__]).update(nullable)
    for shape in {shape for operation in OPERATIONS.values() for shape in operation.bodies} - PLAIN:
        schema = schemas[shape.__name__]
        _settle(schema, names, providers=known, options={} if shape is requests.CreateCharacterBody else _options(front))
        if shape is requests.CreateCharacterBody:
            schema["oneOf"] = [{"required": ["video"]}, {"required": ["image"]}]
            schema["properties"] = {name: _without_null(field) for name, field in _fields(schema).items()}
        else:
            schemas[f"{shape.__name__}Form"] = _describe_form(schema, files=shape is not requests.PlanRemixBody)
    paths: dict[str, Schema] = {}
    for (method, path), operation in OPERATIONS.items():
        prefix = "/v1" if path.startswith(("/videos", "/models", "/webhook", "/callbacks", "/jobs", "/requests")) else ""
        paths.setdefault(prefix + path, {})[method.lower()] = _operation(path, operation, models=names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Castlist", "version": front.version, "summary": "A self-hosted video gateway that keeps the OpenAI Videos API."},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _fields(schema: Schema) -> dict[str, Schema]:
    properties = schema["properties"]
    assert isinstance(properties, dict)
    return properties


def _options(front: Front) -> dict[str, Schema]:
    """The blocks of provider options a request may carry: those of providers that serve a model name what may be in them."""
    blocks: dict[str, Schema] = {name: {"type": "object", "description": f"Options of {name} only."} for name in sorted(front.options)}
    deployments = front.engine.kit.deployments
    for provider in {deployment.provider for deployment in deployments} & blocks.keys():
        taken = {
            name: {"enum": [*words, None]}
            for deployment in deployments
            if deployment.provider == provider
            for name, words in sorted(deployment.capabilities.options.items())
        }
        blocks[provider] |= {"properties": taken, "additionalProperties": False}
    return blocks


def _settle(schema: Schema, models: Sequence[str], *, providers: Sequence[str], options: Mapping[str, Schema]) -> None:
    """Name the models and providers there are; what may be left out may be null as well."""
    properties, required = _fields(schema), schema["required"]
    assert isinstance(required, list)
    properties["model"] = {"type": "string", "enum": list(models), "description": "A model of this gateway."}
    properties["custom_llm_provider"] = {"type": "string", "enum": list(providers)}
    properties.update(options)
    for name in properties.keys() - set(required):
        about = {key: properties[name][key] for key in ("description",) if key in properties[name]}
        properties[name] = {"anyOf": [*_choices(properties[name]), {"type": "null"}], **about}


def _choices(field: Schema) -> list[Schema]:
    """The schemas a field may take, null aside."""
    options = field.get("anyOf")
    if not isinstance(options, list):
        return [{key: value for key, value in field.items() if key not in {"default", "title", "description"}}]
    return [choice for option in options if option != {"type": "null"} for choice in _choices(option)]


def _operation(path: str, operation: Operation, *, models: Sequence[str]) -> Schema:
    parameters = [_parameter(name, "path") for name in _NAMED if f"{{{name}}}" in path]
    if "{model}" in path:
        parameters.append({"name": "model", "in": "path", "required": True, "schema": {"type": "string", "enum": list(models)}})
    parameters += [
        {"name": re.sub("^(character|file)_", "", name), "in": "query", "schema": _QUERY[name][0], "description": _QUERY[name][1]}
        for name in operation.query
    ]
    wanted = operation.answer is answers.RequestAnswer
    parameters += [{"name": name, "in": "header", "required": wanted, "schema": _HEADERS[name]} for name in operation.headers]
    described: Schema = {
        "summary": operation.summary,
        "operationId": _name_operation(path, operation),
        "parameters": parameters,
        "responses": _responses(operation),
    }
    if operation.key:
        # A signed link is a key of its own.
        described["security"] = [{"key": []}, {}] if "signature" in operation.query else [{"key": []}]
    if operation.bodies:
        described["requestBody"] = {"required": True, "content": _content(operation.bodies)}
    return described


def _name_operation(path: str, operation: Operation) -> str:
    summary = operation.summary.lower().split(",")[0].replace(" ", "_").strip(".")
    return f"{path.strip('/').replace('/', '_').replace('{', '').replace('}', '')}_{summary}"


def _links(parameter: str, targets: Sequence[tuple[str, str]]) -> Schema:
    names = [_name_operation(path, OPERATIONS[method, path]) for method, path in targets]
    return {name: {"operationId": name, "parameters": {f"path.{parameter}": "$response.body#/id"}} for name in names}


def _parameter(name: str, place: str) -> Schema:
    pattern = r"^[A-Za-z0-9_]+\.[a-z0-9]+$" if name == "name" else "^[A-Za-z0-9_=-]+$"
    schema = {"type": "string", "minLength": 1, "pattern": pattern}
    return {"name": name, "in": place, "required": True, "schema": schema}


def _content(bodies: Sequence[type[BaseModel]]) -> Schema:
    if not PLAIN.isdisjoint(bodies):
        return {"application/json": {"schema": _any_of(bodies, "")}}
    if requests.CreateCharacterBody in bodies:
        return {"multipart/form-data": {"schema": _any_of(bodies, "")}}
    return {"application/json": {"schema": _any_of(bodies, "")}, "multipart/form-data": {"schema": _any_of(bodies, "Form")}}


def _any_of(bodies: Sequence[type[BaseModel]], ending: str) -> Schema:
    references: list[Schema] = [{"$ref": _REF.format(model=f"{body.__name__}{ending}")} for body in bodies]
    return references[0] if len(references) == 1 else {"anyOf": references}


def _describe_form(schema: Schema, *, files: bool) -> Schema:
    """The same request as multipart/form-data: ids and URLs under names with brackets, and `files` as parts, where a video may be one."""
    required = schema["required"]
    assert isinstance(required, list)
    fields = {name: _without_null(field) for name, field in _fields(schema).items()}
    form: Schema = {**schema, "title": f"{schema['title']}Form", "properties": fields}
    if "characters" in fields:
        fields["characters[]"] = {**fields.pop("characters"), "items": {"type": "string", "minLength": 1, "maxLength": 512}}
    if "input_reference" in fields:
        fields["input_reference"] = _FILE
        fields["input_reference[image_url]"] = requests.URL
    if "video" in fields:
        fields["video"] = _FILE
        fields["video[id]"] = {"type": "string", "minLength": 1, "maxLength": 512}
        form["oneOf"] = [{"required": ["video"]}, {"required": ["video[id]"]}]
    if "video" in fields and not files:
        del fields["video"]
        form["oneOf"] = [{"required": ["video[id]"]}]
    return {**form, "required": [name for name in required if name != "video"]}


def _without_null(field: Schema) -> Schema:
    choices = _choices(field)
    about = {key: field[key] for key in ("description",) if key in field}
    return {**choices[0], **about} if len(choices) == 1 else {"anyOf": choices, **about}


def _stream_schema(media: str) -> Schema:
    if media != "text/event-stream":
        return {"type": "string"} if media.startswith("text/") else {}
    words = [f"video.{status}" for status in ("queued", "in_progress", "completed", "failed", "deleted")]
    view = {"contentMediaType": "application/json", "contentSchema": {"$ref": _REF.format(model="VideoAnswer")}}
    return {"type": "object", "properties": {"event": {"enum": words}, "id": {"type": "string"}, "data": {"type": "string", **view}}}


def _responses(operation: Operation) -> Schema:
    if isinstance(operation.answer, tuple):
        content: Schema = {media: {"schema": _stream_schema(media)} for media in operation.answer}
        responses: Schema = {"200": {"description": "As asked.", "content": content}}
        if "Range" in operation.headers:
            responses["206"] = {"description": "The range asked for.", "content": content}
            responses["304"] = {"description": "Still what the tag names."}
    else:
        reference = {"$ref": _REF.format(model=operation.answer.__name__)}
        answer: Schema = {"description": "As asked.", "content": {"application/json": {"schema": reference}}}
        if operation.answer in _LINKS and operation.bodies:
            answer["links"] = _links(*_LINKS[operation.answer])
        responses = {"200": answer}
    statuses = {*operation.errors, *((401, 403) if operation.key else ())}
    error = {"application/json": {"schema": {"$ref": _REF.format(model="ErrorAnswer")}}}
    for status in sorted(statuses):
        responses[str(status)] = {"description": _STATUS[status], "content": error}
    return responses
