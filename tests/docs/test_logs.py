"""What a page shows of the log is logged: of a release of a plugin that was taken back."""

from __future__ import annotations

import pytest

from loyalty_core import PluginFailed
from loyalty_core.application.kept_states import VERSION, States
from tests.docs.samples import Block, of_kind


@pytest.mark.parametrize("block", of_kind("log"), ids=lambda block: block.place)
def test_what_is_shown_is_logged(block: Block, caplog: pytest.LogCaptureFixture) -> None:
    older = States({"stamps": [lambda state: state]})
    with pytest.raises(PluginFailed):
        older.read("stamps", {VERSION: 3})
    assert caplog.messages == [" ".join(block.text.split())]
