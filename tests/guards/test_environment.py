"""Guards: the environment is read in one place."""

import ast

from guards.sources import dotted, name, package_files, parsed

READERS = {
    "src/castlist/config/loading.py": "the one reader",
    "src/castlist/sdk/_connect.py": "a client knows neither the configuration nor its files",
    "src/castlist/media/child.py": "it makes the near-empty environment a media child gets",
    "src/castlist/media/__main__.py": "it sets thread counts before the media libraries are loaded",
}


def environment_names(path) -> list[int]:
    uses = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
    lines = [node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.Attribute) and dotted(node) in uses]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "os" and {a.name for a in node.names} & {"environ", "getenv"}:
            lines.append(node.lineno)
    return lines


def test_the_environment_is_read_by_the_configuration_alone():
    found = {name(path): lines for path in package_files() if (lines := environment_names(path)) and name(path) not in READERS}

    assert found == {}
