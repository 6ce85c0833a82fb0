"""Queries made ready to run: parsed, measured and validated once, then remembered."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from loyalty_gateway.limits import refusals
from loyalty_gateway.settings import Limits

MOST_ERRORS = 5
REMEMBERED = 256
LONGEST_REMEMBERED = 20_000


class Documents:
    """The queries of one schema, made ready to run."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> None:
        self._schema = schema
        self._limits = limits
        rules = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
        self._rules = rules if introspection else (*rules, NoSchemaIntrospectionCustomRule)
        self._ready: OrderedDict[bytes, DocumentNode] = OrderedDict()
        self._lock = Lock()
        self.prepared = 0
        """How many queries were parsed and validated, those remembered left out."""

    def ready(self, query: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
        """The document of ``query`` if it may run, or else what is wrong with it.

        The limits are checked before validation, whose rules can be made slow by large input.
        """
        key = hashlib.sha256(query.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if key in self._ready:
                self._ready.move_to_end(key)
                return self._ready[key], []
        document, errors = self._prepare(query)
        if document is not None and len(query) <= LONGEST_REMEMBERED:
            with self._lock:
                self._ready[key] = document
                while len(self._ready) > REMEMBERED:
                    self._ready.popitem(last=False)
        return document, errors

    def _prepare(self, query: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
        self.prepared += 1
        try:
            document = parse(query, max_tokens=self._limits.tokens)
        except GraphQLError as error:
            return None, [error]
        except RecursionError:
            return None, [GraphQLError("The query is nested too deeply")]
        errors = refusals(document, self._limits)
        if not errors:
            errors = validate(
                self._schema, document, self._rules, MOST_ERRORS, hide_suggestions=True
            )
        return (None, errors) if errors else (document, [])
