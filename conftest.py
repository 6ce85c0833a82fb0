"""What every test folder shares: the databases, and how hypothesis is run."""

import os

from hypothesis import settings

pytest_plugins = ["tests.postgres"]

# The same examples on every run of CI, and no verdict by the clock on a busy machine.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
