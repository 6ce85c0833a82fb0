"""A plain script: books the facts of a file, runs the nightly jobs, and says how it went.

    python script.py orders.jsonl [DATABASE_URL]

It may be run again at any time with the same file: what is booked already is not booked twice.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loyalty_core import Loyalty

CONFIG = Path(__file__).with_name("loyalty.toml")


def facts(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def main(file: str, database: str | None = None) -> int:
    # Without a URL the books are in shop.db, beside loyalty.toml.
    with Loyalty.open(CONFIG, database) as loyalty:
        summary = loyalty.record_many(facts(Path(file)))
        for status, count in sorted(summary.counts.items()):
            print(f"{status}: {count}")
        for rejection in summary.rejected:
            print(f"line {rejection.index + 1}: {rejection.error.code}: {rejection.error}")

        done = loyalty.tick()
        print(f"expired: {sum(done.expired.values())} points")

        points = loyalty.report().wallets[0]
        print(f"issued: {points.issued} points, outstanding: {points.outstanding}")
    return 1 if summary.rejected else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
