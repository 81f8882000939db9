"""What every part of an environment is made with."""

from __future__ import annotations

from functools import cached_property

import pulumi

from components import specs
from components.dns import cloudflare_provider
from components.settings import Settings


class Frame:
    """The settings of an environment and the options of its resources, and what two concerns read of them.

    ``environment``: the component that everything hangs under.
    """

    def __init__(self, settings: Settings, environment: pulumi.Resource) -> None:
        self.settings = settings
        self.child = pulumi.ResourceOptions(parent=environment)
        self.protect = settings.environment != "local"
        """Whether what holds data can be deleted only after ``pulumi state unprotect``."""

    @cached_property
    def objects(self) -> specs.Objects | None:
        """What the object storage and its backups are made from. Made once: it may pack a program of this machine."""
        wanted = self.settings.object_storage
        return specs.objects(self.settings, wanted) if wanted else None

    @cached_property
    def of_cloudflare(self) -> pulumi.ResourceOptions:
        """The options of resources at Cloudflare. The provider is made where something is kept there."""
        found = self.settings.cloudflare
        provider = cloudflare_provider(
            "cloudflare",
            found.api_token.get_secret_value() if found else None,
            self.child,
            base_url=found.base_url if found else None,
        )
        return pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(providers=[provider]))
