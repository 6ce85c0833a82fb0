"""The configuration that ``loyalty init`` writes."""

from __future__ import annotations

import re
from collections.abc import Container

SCHEMA = "loyalty.schema.json"
"""The file beside the configuration by which editors know what it may say."""

_HEAD = """\
#:schema ./{schema}
# A loyalty program. `loyalty check` says what is wrong here, or shows every setting in effect.

[program]
id = "{id}"                # never change it: the books are kept under this name
name = "{name}"
currency = "USD"           # of reports, ISO 4217
time_zone = "UTC"          # whose midnight ends a day: an IANA name such as Europe/Berlin
join = "on_first_fact"     # who buys is a member; "opt_in": facts wait until somebody enrols
# join_wait_days = 30      # how long they wait
# default_country = "US"   # for phone numbers without a country code

[wallets.points]
unit = "points"            # what members call it
scale = 0                  # decimal digits: 2 makes 0.01 the smallest part of a point
debt = "negative"          # points are refunded after they were spent: "negative", "clamp",
                           # "pending_first"
value = {{ points = 100, amount = "1.00" }}   # 100 points are worth 1.00

[wallets.points.expiry]    # delete this table and points never expire
after_months = 12
# at_end_of = "month"      # then to the end of the month; also "quarter" or "year"
# inactivity_days = 365    # all points end when nothing happens for so long
# remind_days = [30, 7]    # how many days before the event points_expiring tells of it
"""

_POINTS = """\

# Points for purchases: the distribution loyalty-points.
[[plugins.points.earn]]
rule = "purchases"
rate = { USD = "1" }       # points for each whole unit of the currency
rounding = "down"          # of what an order earns in all

# Twice as many on some days.
# [[plugins.points.earn]]
# rule = "double_days"
# multiply = "2"
# when = { dates = [2027-02-13, 2027-02-14] }

# Points for things done once.
# [[plugins.points.activity]]
# rule = "review"
# kind = "review"
# points = "50"

# Points as money at the checkout.
[plugins.points.redeem]
minimum = "100"
maximum_percent = "50"     # of what the goods cost
"""

_NO_POINTS = """
# Nothing earns points yet: `pip install loyalty-points`, then take the marks off these lines.
"""


def configuration(folder: str, installed: Container[str]) -> str:
    """A commented configuration named after ``folder``; plugins not installed are commented out."""
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.lower()).strip("-_0123456789")[:40] or "shop"
    head = _HEAD.format(
        schema=SCHEMA, id=name, name=name.replace("-", " ").replace("_", " ").title()
    )
    if "points" in installed:
        return head + _POINTS
    lines = _POINTS.strip("\n").split("\n")
    return head + _NO_POINTS + "".join(f"# {line}".rstrip() + "\n" for line in lines)
