"""What holds for every test: sockets reach this machine only, and hypothesis does not judge a busy machine by its clock."""

import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import buckets
from castlist.catalogue import list_vendors
from castlist.logs import log_to_stderr
from postgres import Server, server

settings.register_profile("castlist", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI")))
settings.load_profile("castlist")


def refuse_the_outside(event: str, arguments: tuple[object, ...]) -> None:
    """Stops a connection that would leave this machine; an audit hook sees them all, whichever library makes them."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple) or not isinstance(address[0], str):
        return
    try:
        outside = not ipaddress.ip_address(address[0].partition("%")[0]).is_loopback
    except ValueError:
        outside = address[0] != "localhost"
    if outside:
        raise PermissionError(f"a test may not connect to {address[0]}")


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(refuse_the_outside)
    # A gateway that one test keeps in a thread would otherwise log into what another one reads as a command's output.
    log_to_stderr()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files whose tests may take longest first: begun last, one of them alone would keep a core waiting for minutes."""
    longest: dict[Path, float] = {}
    for item in items:
        limit = item.get_closest_marker("timeout")
        asked = float(limit.args[0]) if limit and limit.args else 60.0 * bool(item.get_closest_marker("slow"))
        longest[item.path] = max(longest.get(item.path, 0.0), asked)
    items.sort(key=lambda item: -longest[item.path])


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps whatever a test starts away from the data folder and the gateway of the person who runs it."""
    monkeypatch.setenv("CASTLIST_DATA", str(tmp_path_factory.getbasetemp() / "data"))
    vendors = [name for vendor in list_vendors().values() for name in (vendor.variable, *vendor.base_variables)]
    for name in ("CASTLIST_BASE_URL", "CASTLIST_API_KEY", *vendors):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of this run of the tests; each test that wants one has a database of its own there."""
    with server() as found:
        yield found


@pytest.fixture(scope="session")
def s3() -> Iterator[buckets.Server]:
    """An S3 server of this run of the tests; each test that wants one has a bucket of its own there."""
    with buckets.server() as found:
        yield found
