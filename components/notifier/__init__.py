"""The notifier of a host: tells the operator what begins to fail on it."""

from components.notifier.component import Notifier, NotifierArgs
from components.notifier.plan import Mail, NotifierSpec, notifier_unit
from components.notifier.watched import Watched, on_failure

__all__ = ["Mail", "Notifier", "NotifierArgs", "NotifierSpec", "Watched", "notifier_unit", "on_failure"]
