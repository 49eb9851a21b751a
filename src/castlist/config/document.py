"""A YAML text as values that remember their line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from castlist.errors import ConfigError

type_names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document and the line it begins on. `value` is a dict or list of nodes, or a scalar."""

    value: object
    line: int

    @property
    def entries(self) -> dict[str, "Node"]:
        """The mapping this is; empty when it is none."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list["Node"]:
        """The list this is; empty when it is none."""
        return self.value if isinstance(self.value, list) else []

    @property
    def kind(self) -> str:
        """The type in words, for a message."""
        return "nothing" if self.value is None else type_names.get(type(self.value), type(self.value).__name__)


def plain(node: Node) -> object:
    """The value without its lines."""
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.entries.items()}
    return [plain(item) for item in node.items] if isinstance(node.value, list) else node.value


class Loader(yaml.SafeLoader):
    """YAML as it is read everywhere, and numbers such as 5e-05, which YAML 1.1 takes for text and JSON writes."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z"), list("-+0123456789"))


class Composer:
    """Turns composed YAML into nodes and keeps every mistake it meets."""

    def __init__(self, text: str) -> None:
        self.mistakes: list[tuple[int, str]] = []
        self._loader = Loader(text)
        self._open: set[int] = set()

    def read(self) -> Node:
        """The whole document; an empty one is an empty mapping."""
        try:
            top = self._loader.get_single_node()
        finally:
            self._loader.dispose()
        return Node({}, 1) if top is None else self._node(top)

    def _node(self, node: yaml.Node) -> Node:
        line = node.start_mark.line + 1
        if id(node) in self._open:
            self.mistakes.append((line, "an alias refers to the value it is part of"))
            return Node(None, line)
        self._open.add(id(node))
        try:
            return Node(self._value(node, line), line)
        finally:
            self._open.discard(id(node))

    def _value(self, node: yaml.Node, line: int) -> object:
        match node:
            case yaml.MappingNode():
                return self._mapping(node)
            case yaml.SequenceNode():
                return [self._node(item) for item in node.value]
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self.mistakes.append((line, f"cannot read {node.value!r}: {str(error).splitlines()[0]}"))
            return None

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Node]:
        found: dict[str, Node] = {}
        inherited: dict[str, Node] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for part in self._merged(value):
                    inherited = part | inherited
            elif not isinstance(key, yaml.ScalarNode):
                self.mistakes.append((key.start_mark.line + 1, "a key must be a word"))
            elif key.value in found:
                line = key.start_mark.line + 1
                self.mistakes.append((line, f"{key.value!r} is given twice; the first is on line {found[key.value].line}"))
            else:
                found[key.value] = Node(self._node(value).value, key.start_mark.line + 1)
        return inherited | found

    def _merged(self, value: yaml.Node) -> Iterator[dict[str, Node]]:
        parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for part in parts:
            yield self._node(part).entries


def read(text: str, *, source: str) -> tuple[Node, list[tuple[int, str]]]:
    """The document and the mistakes in its form; raises ConfigError where it is no YAML at all."""
    try:
        composer = Composer(text)
        return composer.read(), composer.mistakes
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError([(mark.line + 1 if mark else 0, f"not YAML: {error.problem or error.context}")], source=source) from error
    except yaml.YAMLError as error:
        raise ConfigError([(0, f"not YAML: {str(error).splitlines()[0]}")], source=source) from error
