"""What the resource types at Cloudflare have in common."""

from __future__ import annotations

from toolchain.providers.cloudflare.api import Api
from toolchain.providers.servicer import Resource


class CloudflareResource(Resource):
    """A resource type of the provider that keeps an :class:`Api`."""

    @property
    def api(self) -> Api:
        """The API, as the provider was configured."""
        api: Api = self.provider.api  # type: ignore[attr-defined]  # servicer knows no provider of its own kind
        return api
