"""Errors between the program and the shops it is connected to."""

from __future__ import annotations

from loyalty_core.errors.base import LoyaltyError


class ConnectorError(LoyaltyError):
    """Something between the program and a connected shop went wrong. The base of what can."""

    code = "connector_failed"


class ConnectorUnknown(ConnectorError):
    """No connector that is switched on has this name."""

    code = "connector_unknown"
    default_remedy = "Name one as plugin and account, such as shopify.main."


class SecretMissing(ConnectorError):
    """The environment variable that holds a connector's secret is not set."""

    code = "secret_missing"
    default_remedy = "Set the variable where the program runs, and start it again."


class SignatureInvalid(ConnectorError):
    """A webhook is not from whom it says, or too old: it is answered with 401 and not kept."""

    code = "signature_invalid"
    default_remedy = "Run `loyalty connect NAME verify` on it: it says what does not fit."


class PlatformUnavailable(ConnectorError):
    """A shop cannot be reached, or asks us to wait: what was to be done is done later.

    ``retry_after`` of its facts is how many seconds it asked for.
    """

    code = "platform_unavailable"

    def __init__(
        self, message: str, *, where: str = "", remedy: str = "", retry_after: int | None = None
    ) -> None:
        self.retry_after = retry_after
        super().__init__(message, where=where, remedy=remedy, retry_after=retry_after)


class ActionRefused(ConnectorError):
    """A shop says no to what was to be done there, and would say so again.

    Remedy: mend what it names, then `loyalty connect NAME replay`.
    """

    code = "action_refused"


class ConnectorDisabled(ConnectorError):
    """A shop does not want us any more: the app was removed, or an endpoint answers 410 (Gone).

    Nothing is done there until it is enabled again; what is to be done waits.
    """

    code = "connector_disabled"
    default_remedy = "Connect it anew, then run `loyalty connect NAME enable`."
