"""What the authors of plugins import in their tests."""

from loyalty_core.testing.clock import FrozenClock
from loyalty_core.testing.model import ModelLedger, ModelLot

__all__ = ["FrozenClock", "ModelLedger", "ModelLot"]
