"""How this colour of the client waits and keeps slow work off the event loop."""

from asyncio import sleep, to_thread

__all__ = ["sleep", "to_thread"]
