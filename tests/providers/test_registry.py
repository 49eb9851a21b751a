"""Providers are found by name, ours and others', and none is imported before it is wanted."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from castlist.errors import NotFound
from castlist.providers import GROUP, OURS, provider, provider_names, providers
from castlist.testing import FakeProvider


def test_what_the_package_announces_is_what_the_registry_knows():
    assert {entry.name: entry.value for entry in entry_points(group=GROUP) if entry.value.startswith("castlist.")} == OURS


@pytest.mark.parametrize("name", OURS)
def test_each_of_ours_loads_under_its_own_name(name):
    assert provider(name).name == name


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(NotFound) as caught:
        provider("opnai")
    assert "did you mean 'openai'?" in caught.value.message
    with pytest.raises(NotFound) as caught:
        provider("zzz")
    assert ", ".join(provider_names()) in caught.value.message


def test_the_mapping_holds_all_of_them():
    found = providers()

    assert set(found) == set(provider_names()) >= set(OURS)
    assert found["fake"] is FakeProvider
    assert "nothing" not in found
    assert found.get("nothing") is None
    assert len(found) == len(provider_names())


def test_a_provider_of_another_package_is_found(tmp_path):
    (tmp_path / "clay.py").write_text("from castlist.testing import FakeProvider\nclass Clay(FakeProvider):\n    name = 'clay'\n")
    info = tmp_path / "clay-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: clay\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[castlist.providers]\nclay = clay:Clay\nbroken = clay:__name__\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from castlist.errors import NotFound\n"
        "from castlist.providers import provider, provider_names\n"
        "assert provider('clay').name == 'clay' and 'clay' in provider_names()\n"
        "try:\n    provider('broken')\n"
        "except NotFound as error:\n    assert 'is not a Provider class' in error.message\n"
        "else:\n    raise SystemExit(1)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_naming_the_providers_imports_none():
    code = (
        "import sys; from castlist.providers import provider_names; provider_names();"
        "sys.exit(bool({'castlist.providers.openai', 'castlist.providers.animatic', 'castlist.testing', 'aiohttp'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
