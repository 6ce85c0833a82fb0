"""The page about hooks: what plugins implement, and what they give the core to call."""

from __future__ import annotations

import inspect
import re
from types import FunctionType, ModuleType

from docs.generate.text import page as whole_page
from docs.generate.text import prose
from loyalty_core import (
    PLUGIN_API_VERSION,
    ActivityKind,
    ActsOnShop,
    BenefitSource,
    Cause,
    Charge,
    CodeUsed,
    Command,
    Connector,
    Credit,
    Customer,
    Deprecation,
    Disconnected,
    DropCode,
    Emit,
    ErasureAsked,
    ExportAsked,
    FollowsFacts,
    Grant,
    Handler,
    Health,
    KeepState,
    ListsChanges,
    MakeCode,
    Measure,
    Message,
    Migration,
    Outcome,
    OwnTables,
    Page,
    Payment,
    PaymentProvider,
    PersonalData,
    PluginManifest,
    ProgramType,
    PutRow,
    ReceivesWebhooks,
    Repayment,
    Returned,
    RewardKind,
    Secret,
    ShopErasureAsked,
    ShowMember,
    ShowsMembers,
    SignedIn,
    SignsMembersIn,
    Standing,
    StateStep,
    Subscription,
    SuggestsLines,
    TellEvent,
    TierScheme,
    Verified,
    Wants,
    WebhookRequest,
)
from loyalty_core.plugins import hookspecs
from loyalty_gateway import hookspecs as gateway_hookspecs
from loyalty_gateway.extension import (
    ContributedFailure,
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
    UserError,
)

INTRODUCTION = f"""
A plugin is an object with a `manifest` and some of the hooks below. Its distribution names the
object under the entry point group `loyalty.plugins`, and it is on in a program whose
`loyalty.toml` has its section `[plugins.<id>]`. A hook is marked with `@hookimpl` from
`loyalty_core`. It is a method of the object or, where the object is a module, a function of it.
It may take fewer parameters than its specification has.

Hooks register; they are called when a program opens. What they register is called later, through
the Protocols [below](#what-hooks-register). This is plugin API {PLUGIN_API_VERSION}: a plugin
says which versions it needs in `requires_plugin_api`. A hook nobody knows is refused at start-up,
so that a misspelt one is noticed.

Within a major version nothing that plugins rely on is taken away or asked for in addition
([decision 0043](../decisions/0043-what-plugins-rely-on.md)). Kinds of effects, inputs and actions
may be added, and members of enumerations: have a case for the rest.
"""
GIVEN = (
    ProgramType,
    SuggestsLines,
    FollowsFacts,
    Outcome,
    Returned,
    ShowsMembers,
    BenefitSource,
    TierScheme,
    Standing,
    RewardKind,
    PaymentProvider,
    Charge,
    Payment,
    Repayment,
    Handler,
    Subscription,
    ActivityKind,
    Command,
    OwnTables,
    Migration,
)
CONNECTORS = (
    Connector,
    ReceivesWebhooks,
    SignsMembersIn,
    ListsChanges,
    ActsOnShop,
    Secret,
    WebhookRequest,
    Verified,
    SignedIn,
    Message,
    Page,
    Wants,
    Health,
)
INPUTS = (Customer, CodeUsed, ErasureAsked, ExportAsked, ShopErasureAsked, Disconnected)
ACTIONS = (MakeCode, DropCode, ShowMember, TellEvent)
GRAPHQL = (
    GraphQLExtension,
    ContributedField,
    ContributedFailure,
    Permission,
    UserError,
    GatewayContext,
)
EFFECTS = (Credit, Grant, KeepState, Emit, Measure, Cause, PutRow)


def hooks_of(module: ModuleType) -> list[FunctionType]:
    """The hook specifications of a module, in the order they are written."""
    return [
        found
        for name, found in vars(module).items()
        if name.startswith("loyalty_") and inspect.isfunction(found)
    ]


def page() -> str:
    """The page about hooks."""
    return whole_page(
        "Hooks",
        INTRODUCTION,
        "## Hooks of the core",
        *map(_function, hooks_of(hookspecs)),
        "## Hooks of the gateway",
        "A plugin that must load without the gateway marks these `@hookimpl(optionalhook=True)`.",
        *map(_function, hooks_of(gateway_hookspecs)),
        "## The manifest",
        _class(PluginManifest),
        _class(PersonalData),
        _class(StateStep),
        _class(Deprecation),
        "## What hooks register",
        *map(_class, GIVEN),
        "## Effects",
        "What `decide` and `follow` return: data, and the core alone writes.",
        *map(_class, EFFECTS),
        "## GraphQL",
        "What `loyalty_extend_graphql` returns, all of `loyalty_gateway.extension`. The "
        "[gateway's page](../../gateway/README.md#extend-it) has examples; "
        "`loyalty_gateway.testing` has the checks for a plugin's tests.",
        *map(_class, GRAPHQL),
        "## Connectors",
        "What `loyalty_register_connectors` returns; [connectors](../connectors.md) tells how the "
        "parts work together. A connector is a `Connector` and those of the next three that it can "
        "be.",
        *map(_class, CONNECTORS),
        "### Inputs",
        "What `translate` and `changed_since` return: [facts](facts.md), as objects or in their "
        "JSON form, and these.",
        *map(_class, INPUTS),
        "### Actions",
        "What `act` is given.",
        *map(_class, ACTIONS),
    )


def _function(hook: FunctionType) -> str:
    return (
        f"### `{hook.__name__}`\n\n"
        f"```text\n{hook.__name__}{_signature(hook)}\n```\n\n{prose(hook.__doc__)}"
    )


def _signature(function: FunctionType) -> str:
    return re.sub(r"\b(?:typing|collections\.abc)\.", "", str(inspect.signature(function))).replace(
        "'", ""
    )


def _class(kind: type) -> str:
    parts = [f"### {kind.__name__}", prose(kind.__doc__)]
    for name, annotation in inspect.get_annotations(kind).items():
        parts.append(f"- `{name}: {annotation}`")
    for name, member in vars(kind).items():
        wanted = not name.startswith("_") or (kind is Handler and name == "__call__")
        function = member.fget if isinstance(member, property) else member
        if wanted and isinstance(function, FunctionType):
            is_property = isinstance(member, property)
            shown = name if is_property else f"{name}{_signature(function)}"
            parts.append(f"#### `{shown}`\n\n{prose(function.__doc__)}")
    return re.sub(r"(\n- .*)\n(?=\n- )", r"\1", "\n\n".join(parts))
