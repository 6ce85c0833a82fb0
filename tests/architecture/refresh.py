"""Writes public_names.txt anew, for a change of the public names that is meant."""

from tests.architecture.public_names import SNAPSHOT, snapshot

if __name__ == "__main__":
    SNAPSHOT.write_text(snapshot(), encoding="utf-8")
