"""``loyalty activities``: the kinds that the plugins of a program declare."""

import json

from tests.architecture.tree import ROOT
from tests.unit.cli.shop import Shop, run

DONATIONS = ROOT / "examples" / "programs" / "percent-for-good" / "loyalty.toml"


def test_the_kinds_are_listed_with_their_data() -> None:
    listed = json.loads(run(["activities", "--json", "--config", str(DONATIONS)]).stdout)
    assert listed == {
        "activities": [
            {
                "kind": "donation.choose",
                "summary": "A member chooses the charity to give to.",
                "data": {
                    "description": "A member chooses the charity to give to.",
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["charity"],
                    "properties": {
                        "charity": {
                            "description": "The charity that the member gives to from now on.",
                            "type": "string",
                        }
                    },
                },
            }
        ]
    }
    lines = run(["activities", "--config", str(DONATIONS)]).stdout.splitlines()
    assert lines[0] == "donation.choose: A member chooses the charity to give to."
    assert lines[2].split()[:4] == ["charity", "text", "needed", "The"]


def test_no_plugin_need_declare_any(shop: Shop) -> None:
    done = run(["activities", "--config", str(shop.folder / "loyalty.toml")])
    assert done.stdout == "no plugin that is on declares a kind of activity\n"
