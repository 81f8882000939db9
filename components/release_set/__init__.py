"""Services whose releases change together."""

from components.release_set.component import ReleaseSet, ReleaseSetArgs
from components.release_set.plan import release_set_unit

__all__ = ["ReleaseSet", "ReleaseSetArgs", "release_set_unit"]
