"""A backtest as a picture: an SVG file with a chart for each wallet, for a page or a mail.

Written by hand: two bars a month and a line are a few elements, and a chart library would be the
largest requirement of the command. It needs no font, script or network where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from loyalty_core.cli.views import amount
from loyalty_core.domain.backtests import Backtest, Compared
from loyalty_core.domain.programs import ProgramConfig

WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 100, 20, 60, 40
MOST_LABELS = 12
WAS, WOULD = "#8a94a6", "#1f6feb"
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2328}.t{font-size:15px;font-weight:600}"
    f".a{{fill:{WAS}}}.b{{fill:{WOULD}}}.g{{stroke:#d0d7de}}"
    f".l{{fill:none;stroke-width:2}}.was{{stroke:{WAS};stroke-dasharray:5 4}}"
    f".would{{stroke:{WOULD}}}.e{{text-anchor:end}}.m{{text-anchor:middle}}"
    "@media(prefers-color-scheme:dark){.s{fill:#0d1117}text{fill:#e6edf3}.g{stroke:#30363d}}"
)
SHOWN = ("earned", "spent", "owed")


def picture(found: Backtest, config: ProgramConfig) -> str:
    """The SVG document: what each wallet's members earned, spent and were owed, month by month."""
    wallets = list(dict.fromkeys(one.wallet for one in found.months))
    charts = [(wallet, name) for wallet in wallets for name in SHOWN]
    height = HEIGHT * max(len(charts), 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(config.program.name or config.program.id)}</title>",
        f'<style>{STYLE}</style><rect class="s" width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for place, (wallet, name) in enumerate(charts):
        months = [one for one in found.months if one.wallet == wallet]
        parts.append(f'<g transform="translate(0 {place * HEIGHT})">')
        parts += _chart(months, name, config)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _chart(months: Sequence[Compared], name: str, config: ProgramConfig) -> Iterator[str]:
    """One chart: bars of what happened in each month, or lines of what was owed at its end."""
    wallet = months[0].wallet
    definition = config.wallets.get(wallet)
    unit, scale = (definition.unit, definition.scale) if definition else (wallet, 0)
    was = [int(getattr(one.was, name)) for one in months]
    would = [int(getattr(one.would, name)) for one in months]
    low, high = min([0, *was, *would]), max([1, *was, *would])

    def y(points: int) -> int:
        return HEIGHT - BOTTOM - (points - low) * (HEIGHT - TOP - BOTTOM) // (high - low)

    title = f"{wallet}: {name}, {unit}"
    yield f'<text class="t" x="{LEFT}" y="24">{escape(title)}</text>'
    yield f'<rect class="a" x="{LEFT}" y="34" width="10" height="10"/>'
    yield f'<text x="{LEFT + 16}" y="43">as it was</text>'
    yield f'<rect class="b" x="{LEFT + 96}" y="34" width="10" height="10"/>'
    yield f'<text x="{LEFT + 112}" y="43">as it would be</text>'
    for points in sorted({low, 0, high}):
        at = y(points)
        yield f'<line class="g" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
        yield f'<text class="e" x="{LEFT - 8}" y="{at + 4}">{amount(points, scale)}</text>'
    step = max((WIDTH - LEFT - RIGHT) // len(months), 1)
    for place in range(0, len(months), -(-len(months) // MOST_LABELS)):
        middle = LEFT + place * step + step // 2
        yield f'<text class="m" x="{middle}" y="{HEIGHT - 14}">{months[place].about}</text>'
    if name == "owed":
        for side, kind in ((was, "was"), (would, "would")):
            spots = [f"{LEFT + at * step + step // 2},{y(one)}" for at, one in enumerate(side)]
            yield f'<polyline class="l {kind}" points="{" ".join(spots)}"/>'
        return
    thick = max(min(step * 2 // 5, 30), 1)
    for side, kind, shift in ((was, "a", -thick), (would, "b", 0)):
        for at, one in enumerate(side):
            top, x = min(y(one), y(0)), LEFT + at * step + step // 2 + shift
            tall = abs(y(one) - y(0))
            yield f'<rect class="{kind}" x="{x}" y="{top}" width="{thick}" height="{tall}"/>'
