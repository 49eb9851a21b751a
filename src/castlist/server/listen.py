"""How the app is served: uvicorn, set up for many short requests and for long uploads."""

from pathlib import Path

import uvicorn
from starlette.types import ASGIApp


def make_server(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 4000, socket: Path | None = None) -> uvicorn.Server:
    """A server for `app` on host and port, or on a Unix socket. `await server.serve()` runs it until it is told to stop."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            uds=str(socket) if socket else None,
            access_log=False,
            log_level="warning",
            # Who is on this machine decides who needs a key: no header may change the address a connection came from.
            proxy_headers=False,
            server_header=False,
            lifespan="off",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
            ws="none",
            backlog=2048,
        )
    )
