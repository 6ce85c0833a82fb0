"""The page about personal data: what the core keeps, and what each plugin says it keeps."""

from __future__ import annotations

from docs.generate.config import own_plugins
from docs.generate.text import page as whole_page
from docs.generate.text import table
from loyalty_core import Plugin

INTRODUCTION = """
For whoever answers for data protection: what is kept of people, where, and why. Of the plugins
each says so itself, in the `personal_data` of its [manifest](hooks.md#pluginmanifest), and a
[rule](quality.md#lq216-says-what-it-keeps) checks that nothing is left out. `loyalty plugins` shows
the same of the plugins that are on in a program, those of others included.

`loyalty export` hands out all that is kept of a member. `loyalty erase` clears it, and
`loyalty erase --guest` what is kept of somebody who never became a member.
[Decision 0013](../decisions/0013-erasure.md) says how, and what stays.
"""
PLACES = (
    ("state", "a document of the plugin's own at the member", "emptied"),
    ("tables", "rows of the plugin's own, by member", "deleted"),
    (
        "facts",
        "what the shop said happened: orders, activities, customers",
        "only amounts, moments and the shop's own numbers stay",
    ),
    (
        "events",
        "what is told to others, for as long as it is kept",
        "their data are emptied, and what is not delivered yet is dropped",
    ),
    ("outside", "at a shop or a service that is told", "as the plugin says"),
)
CORE = (
    ("Identities: email, phone, card, numbers at shops.", "So that facts find their member."),
    ("A profile: name, birthday, language, time zone, tags, consents.", "Rules may go by it."),
    ("Orders and activities, as they were sent.", "Points follow from them, and are explained."),
    ("Entries, lots, redemptions and grants.", "These are the books."),
    ("Households, links to partners' members, segments and scores.", "Rules go by them."),
    ("Webhooks of shops, for 90 days after they were taken in.", "Nothing gets lost."),
    ("Keyed digests of erased identities.", "So that nothing comes back that is sent again."),
)


def page() -> str:
    """The page about personal data."""
    return whole_page(
        "Personal data",
        INTRODUCTION,
        "## Where it is, and what an erasure does to it",
        table(("where", "is", "after an erasure"), PLACES),
        "## The core",
        table(("what", "why"), CORE),
        *map(_section, own_plugins()),
    )


def _section(plugin: Plugin) -> str:
    manifest = plugin.manifest
    rows = [
        (one.what, one.where, " ".join((one.why, one.erasure)).strip())
        for one in manifest.personal_data
    ]
    told = table(("what", "where", "why"), rows) if rows else "Nothing."
    return f"## {manifest.id}\n\n{told}"
