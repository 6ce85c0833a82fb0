"""``python -m loyalty_core.cli``: the same as the ``loyalty`` command."""

from loyalty_core.cli import main

main()
