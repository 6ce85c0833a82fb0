"""What every test folder shares: the databases, how hypothesis is run, and what runs in turn."""

import os
from typing import Any

import pytest
from hypothesis import settings

pytest_plugins = ["tests.once", "tests.postgres"]

# The same examples on every run of CI, and no verdict by the clock on a busy machine.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: tests wait a quarter of their time for others."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each test goes to whichever process is free, but those of faults to the same one, in turn.

    They bring processes of their own, and some are waited for. Those of one plugin's conformance
    stay together as well: they look at the same histories, which are played once. By the hook, for
    with pytest 9.2 ``--dist loadgroup`` groups nothing:
    https://github.com/pytest-dev/pytest-xdist/issues/1386.
    """
    from xdist.scheduler import LoadScopeScheduling

    class InTurn(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            if file.endswith("/test_conformance.py"):
                return file
            return "faults" if nodeid.startswith("tests/faults/") else nodeid

    return InTurn(config, log)
