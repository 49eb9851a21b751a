"""Heavy modules imported at their first use, for what a start-up should not pay for."""

from importlib import import_module


class Later:
    """Stands for a module until one of its attributes is wanted. For type checkers, import the module under TYPE_CHECKING."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        found: object = getattr(import_module(self._name), attribute)
        return found
