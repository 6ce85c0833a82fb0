"""Assertions of the machines tell what differed, though they are in no test module."""

import pytest

pytest.register_assert_rewrite("tests.properties.machine", "tests.properties.corrections")
