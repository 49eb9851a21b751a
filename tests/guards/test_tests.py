"""Guards: tests use real parts, never sleep, and none is skipped."""

import ast
import re
from pathlib import Path

from guards.sources import dotted, files_of_tests, name, parsed

BANNED_CALLS = {"time.sleep", "pytest.skip", "pytest.xfail", "pytest.importorskip", "monkeypatch.setattr", "monkeypatch.setitem"}
BANNED_MARKS = {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "unittest.skip"}
MARK = re.compile(r"\bslow\b")


def banned(path: Path) -> list[str]:
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found += [f"{node.lineno} {module}" for module in modules if module.startswith(("unittest", "mock", "pytest_mock"))]
        if isinstance(node, ast.Attribute) and dotted(node) in BANNED_CALLS | BANNED_MARKS:
            found.append(f"{node.lineno} {dotted(node)}")
        if isinstance(node, ast.ImportFrom) and node.module == "time" and "sleep" in {alias.name for alias in node.names}:
            found.append(f"{node.lineno} time.sleep")
    return found


def test_no_test_patches_sleeps_or_is_skipped():
    found = {name(path): uses for path in files_of_tests() if (uses := banned(path))}

    assert found == {}


def test_every_test_can_fail():
    """A test without an assertion, a raises block or a call that checks proves nothing."""
    empty = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in files_of_tests()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_") and not checks(node)
    ]

    assert empty == []


def checks(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert | ast.Raise):
            return True
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            if called.endswith(("raises", "fail")) or re.search(r"(^|[._])(assert|check|expect|verify|refuse|call_and_validate)", called):
                return True
    return False
