"""Guards: what the serving process loads, and where imports stand."""

import ast
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import entry_points
from pathlib import Path

from guards.sources import ROOT, name, package_files, parsed

# The package is lazy; a client without a base_url loads the embedded gateway only then.
LATE_IMPORTS = {"src/castlist/__init__.py", "src/castlist/sdk/_connect.py"}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after a statement."""
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_serving_process_loads_no_media_library():
    loaded = loaded_by("import castlist.assembly, castlist.server.app, castlist.worker, castlist.embedded, castlist.providers.animatic")

    assert loaded & {"av", "cv2", "numpy"} == set()


def test_the_cli_loads_no_media_library_and_no_server():
    assert loaded_by("import castlist.cli") & {"av", "cv2", "numpy", "uvicorn", "sqlalchemy", "starlette"} == set()


def test_importing_the_package_loads_next_to_nothing():
    loaded = loaded_by("import castlist; castlist.Client; castlist.avideo")

    assert loaded & {"httpx2", "pydantic", "sqlalchemy", "starlette", "aiohttp", "rich", "typer", "av", "cv2", "numpy", "yaml"} == set()


def test_our_own_modules_are_imported_at_the_top():
    late = [
        f"{name(path)}:{node.lineno}"
        for path in package_files()
        if name(path) not in LATE_IMPORTS
        for function in ast.walk(parsed(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("castlist"))
        or (isinstance(node, ast.Import) and any(alias.name.startswith("castlist") for alias in node.names))
    ]

    assert late == []


def test_every_provider_is_in_the_contract_that_keeps_providers_apart():
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter")
    apart = contracts["importlinter:contract:providers"]["modules"].split()

    assert {point.module for point in entry_points(group="castlist.providers")} <= set(apart)


def test_imports_point_the_way_the_design_says():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache", "--config", ROOT / ".importlinter"], capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.returncode == 0, done.stdout
