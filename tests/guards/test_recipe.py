"""Guards: the recipe in CONTRIBUTING.md for a new provider works as it is written."""

import re
import subprocess
import sys
from pathlib import Path

from guards.sources import ROOT

RECIPE = re.compile(r"<!-- recipe: (\S+) -->\n```python\n(.*?)```", re.DOTALL)
BESIDE_THE_OTHERS = "import castlist.providers\n\ncastlist.providers.__path__.append({!r})\n"


def test_a_provider_written_by_the_recipe_keeps_the_contract(tmp_path: Path):
    files = dict(RECIPE.findall((ROOT / "CONTRIBUTING.md").read_text()))
    assert set(files) == {"src/castlist/providers/acme.py", "tests/providers/test_acme.py"}
    (tmp_path / "providers").mkdir()
    (tmp_path / "conftest.py").write_text(BESIDE_THE_OTHERS.format(str(tmp_path / "providers")))
    (tmp_path / "providers" / "acme.py").write_text(files["src/castlist/providers/acme.py"])
    (tmp_path / "test_acme.py").write_text(files["tests/providers/test_acme.py"])

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


def test_the_recipe_passes_the_lint_that_it_will_meet(tmp_path: Path):
    for path, code in RECIPE.findall((ROOT / "CONTRIBUTING.md").read_text()):
        (tmp_path / Path(path).name).write_text(code)
    ruff = Path(sys.executable).with_name("ruff")
    command = [ruff, "check", "--ignore", "I001", "--config", ROOT / "pyproject.toml", tmp_path]  # I001: acme is not among our modules here
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
