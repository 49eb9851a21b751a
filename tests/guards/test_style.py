"""Guards: the rules of style that can be counted hold in every module of the package."""

import ast
import re

from guards.sources import ROOT, Function, dotted, functions, name, package_files, parsed

FILE_LINES = 400
FUNCTION_LINES = 40
PARAMETERS = 6
LEFTOVERS = (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"))  # in halves, as this file is searched too


def own_parameters(function: Function) -> list[ast.arg]:
    arguments = function.args
    return [a for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs) if a.arg not in {"self", "cls"}]


def is_overload(function: Function) -> bool:
    return any(dotted(d).endswith("overload") for d in function.decorator_list)


def is_registered(function: Function) -> bool:
    """Whether it is a command or a constructor: what a person types is its signature."""
    return any(isinstance(d, ast.Call) and dotted(d.func).endswith((".command", ".callback")) for d in function.decorator_list)


def test_no_file_is_longer_than_400_lines():
    long = {name(path): lines for path in package_files() if (lines := len(path.read_text().splitlines())) > FILE_LINES}

    assert long == {}


def test_no_function_is_longer_than_40_lines():
    long = {
        f"{name(path)}:{f.lineno} {f.name}": f.end_lineno - f.lineno + 1 - docstring_lines(f)
        for path in package_files()
        if "versions" not in path.parts  # a migration is one list of columns
        for f in functions(path)
        if (f.end_lineno or 0) - f.lineno + 1 - docstring_lines(f) > FUNCTION_LINES
    }

    assert long == {}


def docstring_lines(function: Function) -> int:
    if ast.get_docstring(function) is None:
        return 0
    first = function.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def test_no_function_of_ours_has_more_than_six_parameters():
    """The public face keeps the names callers know (LiteLLM's, OpenAI's and a command's options), so only inner functions are counted."""
    outer = ("compat/", "sdk/", "cli/", "errors.py")
    many = {
        f"{name(path)}:{f.lineno} {f.name}": len(own_parameters(f))
        for path in package_files()
        if not name(path).removeprefix("src/castlist/").startswith(outer)
        for f in functions(path)
        if len(own_parameters(f)) > PARAMETERS
    }

    assert many == {}


def test_no_boolean_is_positional():
    found = [
        f"{name(path)}:{f.lineno} {f.name}({a.arg})"
        for path in package_files()
        for f in functions(path)
        if not is_registered(f)
        for a in f.args.args
        if a.annotation is not None and ast.unparse(a.annotation) in {"bool", "bool | None"}
    ]

    assert found == []


def test_every_module_opens_with_a_sentence():
    missing = [name(p) for p in package_files() if p.read_text().strip() and not (ast.get_docstring(parsed(p)) or "").strip()]

    assert missing == []


def test_nothing_is_left_to_do():
    word = re.compile(rf"\b({'|'.join(first + second for first, second in LEFTOVERS)})\b")
    folders = ("src", "tests", "scripts", "docs", "bench", "gallery", "requirements")
    other = {".pyc", ".json", ".png", ".webp", ".mp4"}
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix not in other]
    files += [*ROOT.glob("*.md"), *ROOT.glob("*.toml")]
    found = [name(path) for path in files if word.search(path.read_text(encoding="utf-8", errors="ignore"))]

    assert found == []


def test_nothing_is_called_manager_utils_helpers_or_handler():
    banned = {"handler", "manager", "utils", "helpers", "util", "helper", "common", "misc", "process", "data"}
    found = [name(path) for path in package_files() if banned & {path.stem, path.parent.name}]

    assert found == []


def test_every_ignore_carries_its_reason():
    bare = re.compile(r"#\s*(type: ignore(\[[\w-]+\])?|noqa(:(?! ?A00\d)[A-Z0-9, ]+)?)\s*$")  # A00: an id is called id
    found = [
        f"{name(path)}:{number}"
        for path in package_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]

    assert found == []
