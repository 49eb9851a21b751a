"""Guards: whatever a caller can ask for has a route, a client method, a command and documentation, and the documentation is up to date."""

import importlib
import re
import shlex
import subprocess
import sys
from typing import get_args

import pytest
import typer.main

import castlist
from castlist.cli import videos as commands
from castlist.model.operations import Operation
from castlist.sdk._async.videos import AsyncVideos
from castlist.sdk._sync.videos import Videos
from castlist.server.openapi import OPERATIONS
from castlist.server.routes import PLAIN_ROADS, ROADS
from guards.sources import ROOT

KINDS = [operation.kind for operation in get_args(Operation)]
PATHS = {"create": "/videos", "edit": "/videos/edits", "extend": "/videos/extensions", "remix": "/videos/{video_id}/remix"}
LITELLM = {"create": "video", "edit": "video_edit", "extend": "video_extension", "remix": "video_remix"}


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_each_operation_has_a_route(kind):
    assert ("POST", PATHS[kind]) in {(road.method, road.path) for road in ROADS}


@pytest.mark.parametrize("kind", KINDS)
def test_each_operation_has_a_method_of_both_clients_and_a_litellm_name(kind):
    assert callable(getattr(Videos, kind))
    assert callable(getattr(AsyncVideos, kind))
    assert {LITELLM[kind], f"a{LITELLM[kind]}"} <= set(castlist.__all__)


@pytest.mark.parametrize("kind", KINDS)
def test_each_operation_has_a_command(kind):
    assert kind in getattr(typer.main.get_command(commands.app), "commands", {})


@pytest.mark.parametrize("kind", KINDS)
def test_each_operation_is_documented(kind):
    assert f"`/v1{PATHS[kind]}`" in page("api.md")
    assert f"`client.videos.{kind}(" in page("python.md")
    assert f"`castlist videos {kind}`" in page("cli.md")


def test_each_route_is_described():
    assert {(road.method, road.path) for road in (*ROADS, *PLAIN_ROADS)} == set(OPERATIONS)


def test_the_generated_documentation_is_up_to_date():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "docs", "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_the_synchronous_client_is_up_to_date():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "unasync", "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_link_between_pages_leads_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    links = {(path, link.partition("#")[0]) for path in pages for link in re.findall(r"\]\((?!https?:)([^)#]+[^)]*)\)", path.read_text())}
    broken = [f"{path.name}: {link}" for path, link in sorted(links) if not (path.parent / link).exists()]

    assert broken == []


def test_the_environment_of_the_peers_is_pinned():
    pins = (ROOT / "requirements" / "bench.txt").read_text().splitlines()

    assert all("==" in line for line in pins)
    assert any(line.startswith("litellm==1.106.") for line in pins)


SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def command_lines() -> list[str]:
    """Every `castlist ...` line of the documentation's shell blocks."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    lines = [line for path in pages for block in SHELL.findall(path.read_text()) for line in block.splitlines()]
    return [line for line in lines if line.startswith("castlist ")]


@pytest.mark.parametrize("line", command_lines())
def test_each_command_line_of_the_documentation_can_be_typed(line):
    _, noun, *words = shlex.split(line, comments=True)
    command = typer.main.get_command(importlib.import_module(f"castlist.cli.{noun}").app)
    named = getattr(command, "commands", None)
    command = named[words.pop(0)] if named else command
    known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}

    assert {word for word in words if word.startswith("--")} <= known
