"""The NGINX gateway in front of the services."""

from components.gateway.component import Gateway, GatewayArgs
from components.gateway.plan import gateway_unit
from components.gateway.spec import GatewaySpec, Limits, Site, Snippets

__all__ = ["Gateway", "GatewayArgs", "GatewaySpec", "Limits", "Site", "Snippets", "gateway_unit"]
