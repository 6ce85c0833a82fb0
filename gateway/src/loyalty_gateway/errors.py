"""Errors as clients see them: expected ones with a stable code, all others masked and logged."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from uuid import uuid4

from graphql import GraphQLError

from loyalty_core import (
    ConfigError,
    LedgerFault,
    LoyaltyError,
    PluginError,
    PluginFailed,
    StoreError,
)

LOGGER = logging.getLogger("loyalty_gateway")

MOST_TRACEBACKS = 3
"""How many unexpected errors of one request are logged with their traceback."""

LONGEST_MESSAGE = 500
"""Messages about queries quote them; what is longer is cut."""

OPERATIONAL = (ConfigError, LedgerFault, PluginError, PluginFailed, StoreError)
"""Errors whose message is for operators: clients get the code alone."""

_SUGGESTION = re.compile(r" Did you mean .*?\?", re.DOTALL)


class RequestRefused(Exception):
    """A request the gateway itself refuses; the message is for the client.

    ``code`` is stable and upper case (domain errors have the SDK's lower-case codes), ``status``
    is the HTTP status where the whole request is refused, ``where`` the argument concerned.
    """

    def __init__(self, message: str, *, code: str, status: int = 400, where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.where = where


def formatted(errors: Sequence[GraphQLError]) -> list[dict[str, object]]:
    """The errors of one response as clients may see them, each with ``extensions.code``.

    Unexpected ones are masked and logged under the id that the client gets; errors of users
    leave no trace in the log.
    """
    masker = _Masker()
    return [masker.formatted(error) for error in errors]


class _Masker:
    """Masks and logs the unexpected errors of one response, under one id."""

    def __init__(self) -> None:
        self._id = ""
        self._logged = 0

    def formatted(self, error: GraphQLError) -> dict[str, object]:
        message, extensions = self._public(error, _cause(error))
        made: dict[str, object] = {"message": message}
        if error.locations:
            made["locations"] = [location.formatted for location in error.locations]
        if error.path is not None:
            made["path"] = error.path
        made["extensions"] = extensions
        return made

    def _public(
        self, error: GraphQLError, cause: BaseException | None
    ) -> tuple[str, dict[str, object]]:
        if isinstance(cause, RequestRefused):
            return cause.message, _extensions(cause.code, field=cause.where)
        if isinstance(cause, OPERATIONAL):
            message = "The request cannot be answered now"
            return message, _extensions(cause.code, id=self._log(error, cause))
        if isinstance(cause, LoyaltyError):
            return cause.message, _extensions(cause.code, field=cause.where, remedy=cause.remedy)
        if cause is None:
            given = error.extensions or {}
            message = _SUGGESTION.sub("", error.message)
            return message[:LONGEST_MESSAGE], {"code": "BAD_REQUEST", **given}
        return "Something went wrong on our side", _extensions(
            "INTERNAL", id=self._log(error, cause)
        )

    def _log(self, error: GraphQLError, cause: BaseException) -> str:
        self._id = self._id or uuid4().hex
        if self._logged < MOST_TRACEBACKS:
            path = ".".join(str(step) for step in error.path or ())
            LOGGER.error("error %s at %s", self._id, path or "the request", exc_info=cause)
        self._logged += 1
        return self._id


def _cause(error: GraphQLError) -> BaseException | None:
    """What a resolver raised; None for errors of the query itself and for deliberate ones."""
    if error.path is None and error.nodes:  # found in the query before it ran
        return None
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _extensions(code: str, **details: str) -> dict[str, object]:
    return {"code": code, **{name: value for name, value in details.items() if value}}
