"""A whole environment: which component stands on which host, and what it needs from which.

With ``components.access`` and ``components.outputs`` the only place that knows both the settings and the components.
Each module makes the components of one concern; ``component`` has the order in which they are made.
"""

from components.environment.component import Environment

__all__ = ["Environment"]
