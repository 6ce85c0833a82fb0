"""``python -m examples.shops``: a gateway, and a page for each platform to click through."""

from __future__ import annotations

import argparse
import threading
from contextlib import ExitStack
from tempfile import TemporaryDirectory

from examples.shops.page import page_app
from examples.shops.platforms import PLATFORMS
from examples.shops.running import running, served


def main() -> None:
    """Serves until it is stopped by Ctrl-C; everything is thrown away then."""
    parser = argparse.ArgumentParser(prog="python -m examples.shops", description=__doc__)
    parser.add_argument("--port", type=int, default=8010, help="of the pages; 0 takes any")
    parser.add_argument("--gateway-port", type=int, default=8000, help="0 takes any")
    parser.add_argument("--only", choices=sorted(PLATFORMS), help="one platform alone")
    given = parser.parse_args()
    chosen = [given.only] if given.only else list(PLATFORMS)
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        platforms = [stack.enter_context(PLATFORMS[name]()) for name in chosen]
        database = f"sqlite:///{folder}/books.db"
        now = stack.enter_context(running(platforms, database, given.gateway_port))
        url = stack.enter_context(served(page_app(now), given.port))
        for name in chosen:
            print(f"{name:12} {url}/{name}")
        print(f"{'gateway':12} {now.gateway.url}/graphql")
        print(f"{'operators':12} {now.gateway.url}/admin/graphql")
        print(f"{'their key':12} {now.gateway.keys.admin}")
        print("Stop with Ctrl-C.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
