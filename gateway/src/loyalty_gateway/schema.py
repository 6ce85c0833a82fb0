"""The committed schema files: ``python -m loyalty_gateway.schema --write FOLDER`` renews them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from loyalty_gateway.compose import Audience, composed


def schema_text(audience: Audience) -> str:
    """The schema of an audience without plugins, in the schema definition language, sorted."""
    return composed(audience, for_print=True).as_str().rstrip() + "\n"


def main(arguments: Sequence[str]) -> int:
    """Writes both schemas into a folder, or says which of its files are stale; the exit code."""
    if len(arguments) != 2 or arguments[0] not in ("--write", "--check"):
        sys.stderr.write("python -m loyalty_gateway.schema --write|--check FOLDER\n")
        return 2
    folder, stale = Path(arguments[1]), 0
    for audience in Audience:
        path, text = folder / f"{audience.value}.graphql", schema_text(audience)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if arguments[0] == "--write":
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path} {'written' if arguments[0] == '--write' else 'is stale'}\n")
    return 1 if stale and arguments[0] == "--check" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
