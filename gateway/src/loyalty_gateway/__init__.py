"""The GraphQL gateway of the loyalty SDK: ``create_app`` is all an embedder needs."""

from loyalty_gateway.app import create_app
from loyalty_gateway.settings import GatewaySettings, JwtSettings, Limits

__all__ = ["GatewaySettings", "JwtSettings", "Limits", "create_app"]
