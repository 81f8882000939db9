"""The web front end, static files behind the gateway's NGINX."""

from components.frontend.component import Frontend, FrontendArgs
from components.frontend.plan import FrontendSpec, frontend_unit

__all__ = ["Frontend", "FrontendArgs", "FrontendSpec", "frontend_unit"]
