"""The API described: /openapi.json, and a page of it that needs nothing from elsewhere."""

import html
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from castlist.server.front import Front
from castlist.server.openapi import describe
from castlist.server.replies import reply


@lru_cache(maxsize=4)
def _document(front: Front) -> dict[str, object]:
    return {**describe(front), "servers": [{"url": front.access.root_path or "/"}]}


async def get_openapi(front: Front, request: Request) -> Response:
    front.require_insider(request.scope)
    return reply(_document(front))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Castlist API</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2127;background:#fff}
h2{font-size:1rem;margin:2rem 0 .3rem;font-family:ui-monospace,monospace}b{display:inline-block;min-width:4.5rem;color:#0b6e4f}
table{border-collapse:collapse;font-size:.9rem}td,th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}
code{font-family:ui-monospace,monospace}@media(prefers-color-scheme:dark){body{color:#dde3ea;background:#14181d}b{color:#5fd3a8}}
</style></head><body><h1>Castlist API %s</h1>
<p>Machine-readable: <a href="openapi.json">openapi.json</a>. Every path works with <code>/v1</code> before it and without.</p>
%s</body></html>"""


async def get_docs(front: Front, request: Request) -> Response:
    front.require_insider(request.scope)
    page = _PAGE % (html.escape(front.version), "\n".join(_sections(_document(front))))
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return Response(page, media_type="text/html", headers={"content-security-policy": policy, "x-content-type-options": "nosniff"})


def _sections(document: dict[str, object]) -> list[str]:
    paths, sections = document["paths"], []
    assert isinstance(paths, dict)
    for path, operations in paths.items():
        for method, operation in operations.items():
            rows = "".join(_row(item["name"], item["schema"], item.get("description", "")) for item in operation.get("parameters", ()))
            rows += _body_rows(operation, document)
            table = f"<table>{rows}</table>" if rows else ""
            sections.append(f"<h2><b>{method.upper()}</b> {html.escape(path)}</h2><p>{html.escape(operation['summary'])}</p>{table}")
    return sections


def _body_rows(operation: dict[str, dict[str, dict[str, dict[str, dict[str, str]]]]], document: dict[str, object]) -> str:
    media = operation.get("requestBody", {}).get("content", {})
    if not media:
        return ""
    schema: object = next(iter(media.values()))["schema"]
    assert isinstance(schema, dict)
    if "$ref" in schema:
        schema = document
        for step in next(iter(media.values()))["schema"]["$ref"].removeprefix("#/").split("/"):
            assert isinstance(schema, dict)
            schema = schema[step]
    assert isinstance(schema, dict)
    return "".join(_row(name, field, field.get("description", "")) for name, field in schema.get("properties", {}).items())


def _row(name: str, schema: dict[str, object], description: str) -> str:
    kind = schema.get("type") or " or ".join(str(option.get("type", "object")) for option in _options(schema)) or "object"
    return f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(str(kind))}</td><td>{html.escape(description)}</td></tr>"


def _options(schema: dict[str, object]) -> list[dict[str, object]]:
    options = schema.get("anyOf", [])
    return options if isinstance(options, list) else []
