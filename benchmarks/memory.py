"""How much memory work takes at its peak, in a process of its own.

    python -m benchmarks.memory import|tick URL NUMBER

prints the megabytes that the process had in memory at most.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from benchmarks.growth import Grower
from benchmarks.shop import CONFIG, FIRST, NOW, Measured, Shop, order
from loyalty_core import Loyalty

MEMBERS = 2357
FEW = 100
"""How many times less the smaller piece of work is."""


def import_memory(shop: Shop, number: int) -> Measured:
    """Megabytes at the peak of importing ``number`` orders; reference: of a hundredth of them."""
    small = peak(shop, "import", number // FEW)
    return Measured(peak(shop, "import", number), small, costs=True)


def tick_memory(shop: Shop, lots: int) -> Measured:
    """Megabytes at the peak of ending ``lots``; reference: of a hundredth of them."""
    few = max(lots // FEW // 10, 1)
    Grower(shop).grow(few, 10)
    small = peak(shop, "tick", 0)
    Grower(shop, few).grow(lots // 10, 10)
    return Measured(peak(shop, "tick", 0), small, costs=True)


def peak(shop: Shop, work: str, number: int) -> float:
    url = shop.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "benchmarks.memory", work, url, str(number)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    work, url, number = sys.argv[1:]
    now = FIRST + timedelta(days=800) if work == "tick" else NOW
    with Loyalty.open(CONFIG, url, clock=lambda: now) as loyalty:
        if work == "tick":
            loyalty.tick()
            loyalty.seal(late=True)  # copies have ids of long ago
        else:
            loyalty.record_many(
                order(
                    f"{number}-{n}", f"{number}-{n % MEMBERS}", FIRST + timedelta(minutes=n // 10)
                )
                for n in range(int(number))
            )
    status = Path("/proc/self/status").read_text()  # getrusage counts the parent's memory, too
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


if __name__ == "__main__":
    main()
