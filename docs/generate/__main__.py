"""Writes the reference pages, and removes those whose subject is gone."""

from docs.generate import REFERENCE, pages, stale

made = pages()
for name in stale():
    target = REFERENCE / name
    if name in made:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(made[name], encoding="utf-8", newline="\n")
    else:
        target.unlink()
