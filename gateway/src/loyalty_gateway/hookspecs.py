"""The gateway's own hook, in the SDK's pluggy project: plugins implement it where they want.

A plugin marks its function ``@hookimpl(optionalhook=True)``, so it loads without the gateway too.
"""

from __future__ import annotations

import pluggy

from loyalty_gateway.extension import GraphQLExtension

PROJECT = "loyalty"
hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def loyalty_extend_graphql() -> GraphQLExtension:
    """Returns what the plugin adds to the schemas.

    Called once for each application made, in no transaction, for plugins that are on.
    """
    raise NotImplementedError
