"""Event loops on which time does not pass as it does outside."""

import asyncio
import selectors


class Skipping(selectors.DefaultSelector):
    """Waits for nothing: the time that would have been waited has passed."""

    passed = 0.0

    def select(self, timeout=None):
        self.passed += max(0.0, timeout or 0.0)
        return super().select(0)


class Quick(asyncio.SelectorEventLoop):
    """A loop on which time passes only while there is nothing to do."""

    def __init__(self):
        self.clock = Skipping()
        super().__init__(self.clock)

    def time(self):
        return self.clock.passed


class Held(Quick):
    """As uvloop on a machine that was busy elsewhere: the moment has passed, and what it gives for it does not say which one it was."""

    def call_at(self, when, callback, *args, context=None):
        self.clock.passed = max(self.clock.passed, when)
        return self.call_soon(callback, *args, context=context)
