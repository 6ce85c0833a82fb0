"""Writes public_names.txt anew, for a change of the public names that is meant.

With ``--release`` they are what plugins may rely on from then on: once for each release.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from loyalty_core import __version__
from tests.architecture.contract import PROMISED, faults, promise
from tests.architecture.public_names import SNAPSHOT, snapshot

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


def refresh(*, release: bool) -> list[str]:
    """Writes the files, or returns what is against it and writes none."""
    now = snapshot()
    against = faults(PROMISED.read_text(encoding="utf-8"), now, datetime.now(UTC).date())
    if release and f"## [{__version__}]" not in CHANGELOG.read_text(encoding="utf-8"):
        against.append(f"CHANGELOG.md has no section of {__version__}, so it is not released")
    if not against:
        SNAPSHOT.write_text(now, encoding="utf-8")
        if release:
            PROMISED.write_text(promise(now, __version__), encoding="utf-8")
    return against


if __name__ == "__main__":
    sys.exit("\n".join(refresh(release="--release" in sys.argv)) or 0)
