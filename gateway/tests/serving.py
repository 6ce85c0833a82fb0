"""A real server of a program, for tests that need one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from gateway.tests.shop import SETTINGS
from loyalty_core import Loyalty
from loyalty_gateway import create_app


@contextmanager
def served(loyalty: Loyalty) -> Iterator[str]:
    """The address of a real server of the program, in a thread."""
    config = uvicorn.Config(
        create_app(loyalty, SETTINGS, dev=True),
        port=0,
        lifespan="off",
        log_level="error",
        ws="websockets-sansio",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
