"""The emulated endpoints of fal beside the types of its official JavaScript client, and beside its pages: no field that those lack, and no
word."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from providers.emulators.fal_ai import ENDPOINTS, URL, URLS

ROOT = Path(__file__).resolve().parents[2]
TYPES = ROOT / ".node-peers" / "node_modules" / "@fal-ai" / "client" / "src" / "types" / "endpoints.d.ts"
PAGES = json.loads(Path(__file__).with_name("fal_pages.json").read_text(encoding="utf-8"))["pages"]
UNTYPED = ("kling/v4/", "bytedance/seedance-2", "google/gemini-omni-flash/", "minimax/h3/")
"""Where the endpoints begin that are newer than the client."""

KINDS = {str: "string", bool: "boolean", int: "number"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def types():
    """The client's types by name, each a field's type with a `?` where it may be left out, and the input of each endpoint."""
    subprocess.run([ROOT / "scripts" / "peers"], check=True, stdin=subprocess.DEVNULL)
    source = re.sub(r"/\*\*.*?\*/", "", TYPES.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = dict(re.findall(r"export type (\w+) = (\w+);", source))
    fields = {
        name: {
            field: (optional, " ".join(kind.split())) for field, optional, kind in re.findall(r"^\s*(\w+)(\??):\s*(.*?);\s*$", body, re.M)
        }
        for name, body in re.findall(r"export type (\w+) = \{\n(.*?)\n\};", source, re.DOTALL)
    }
    inputs = dict(re.findall(r'"([\w/.-]+)": \{\s*input: (\w+);', source))
    return {endpoint: fields[named.get(name, name)] for endpoint, name in inputs.items() if named.get(name, name) in fields}


def disagree(shape, kind):
    """In what the emulator takes more than a type, or something else."""
    words = re.findall(r'"([^"]+)"', kind)
    if words:
        return sorted(set(shape) - set(words)) if isinstance(shape, list) and shape is not URLS else [shape]
    ours = (
        "string | Blob | File" if shape == URL
        else "Array<string>" if shape == URLS
        else kind if shape == "elements" and re.fullmatch(r"Array<KlingV3(Combo|Image)ElementInput>", kind)
        else "number" if isinstance(shape, range)
        else "string" if isinstance(shape, list)
        else KINDS.get(shape)
    )  # fmt: skip
    return [] if ours == kind else [f"{shape} and not {kind}"]


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if not each.startswith(UNTYPED)])
def test_an_endpoint_takes_nothing_that_its_type_has_not(types, endpoint):
    fields, required = ENDPOINTS[endpoint]
    typed = types[endpoint]

    assert sorted(set(fields) - set(typed)) == []
    assert {name: found for name, shape in fields.items() if (found := disagree(shape, typed[name][1]))} == {}
    assert {name for name, (optional, _) in typed.items() if not optional} <= {*required, "prompt"}


def strange(shape, kind):
    """In what the emulator takes more than a page says, or something else."""
    if isinstance(kind, list) and isinstance(kind[0], int):
        return not isinstance(shape, range) or shape.start < kind[0] or shape.stop - 1 > kind[1]
    if isinstance(kind, list):
        return not isinstance(shape, list) or shape is URLS or bool(set(shape) - set(kind))
    return {str: "string", URL: "string", bool: "boolean", int: "integer"}.get(
        shape if isinstance(shape, str | type) else None, "list<string>"
    ) != kind


@pytest.mark.parametrize("endpoint", PAGES)
def test_an_endpoint_takes_nothing_that_its_page_has_not(endpoint):
    fields, required = ENDPOINTS[endpoint]
    page = PAGES[endpoint]

    assert sorted(set(fields) - set(page["fields"])) == []
    assert {name: shape for name, shape in fields.items() if strange(shape, page["fields"][name])} == {}
    assert set(page["required"]) <= {*required, "prompt"}


def test_what_is_said_to_be_newer_than_the_client_is(types):
    assert [each for each in ENDPOINTS if each.startswith(UNTYPED) and each in types] == []


def test_a_field_that_is_wrong_is_noticed(types):
    typed = types["fal-ai/vidu/q2/text-to-video"]

    assert disagree(range(2, 9), typed["duration"][1]) != []
    assert disagree(["9s"], typed["duration"][1]) == ["9s"]
    assert disagree(int, typed["prompt"][1]) != []
