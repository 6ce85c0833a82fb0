"""A process of its own that asks a bank for money, and is killed before it records the answer."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from loyalty_core import Charge, Payment, PaymentState
from plugins.paid.tests.build import Bank, Shop


class Ledger(Bank):
    """A bank whose payments are lines of a file, so that they outlive those who ask."""

    def __init__(self, file: Path, *, kills: bool = False) -> None:
        super().__init__()
        self.file = file
        self.kills = kills

    def charge(self, charge: Charge) -> Payment:
        """Pays once by each key; then kills the process, if it does that."""
        self.asked.append(charge.key)
        paid = self.file.read_text().splitlines() if self.file.exists() else []
        if charge.key not in paid:
            self.file.write_text("\n".join([*paid, charge.key]))
        if self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        return Payment(
            state=PaymentState.PAID, source="bank", reference=charge.line.id, at=charge.at
        )


if __name__ == "__main__":
    database, file, now = sys.argv[1:]
    shop = Shop(database, ledger=Ledger(Path(file), kills=True))
    shop.clock.now = datetime.fromisoformat(now)
    shop.loyalty.tick()
