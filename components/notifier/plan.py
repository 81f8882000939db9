"""The notifier of a host as a host unit. Pure.

Source: the deployment document (notifications by Slack and e-mail, mail through Brevo's SMTP relay); Slack's page on
incoming webhooks; systemd.unit(5) on ``OnFailure=``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from components.naming import CONFIG_ROOT
from components.notifier.watched import on_failure, sources
from components.templates import Templates
from components.unit import Directory, File, Packages, Service, Unit, Validation

LIBRARY = "/usr/local/lib/dhanman-notify"
SOURCE = Path(__file__).resolve().parents[2] / "notifier"
HOUR = 3600
_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """An SMTP relay; its password is given to the plan beside this. ``port`` 465: TLS from the first byte."""

    sender: str
    to: tuple[str, ...]
    host: str
    port: int
    user: str


@dataclass(frozen=True, kw_only=True)
class NotifierSpec:
    """``host``: as people call it. ``remind_hours``: how often what goes on failing is told again.

    ``slack``: whether there is a webhook, whose URL is given to the plan beside this.
    """

    environment: str
    host: str
    remind_hours: int
    slack: bool
    mail: Mail | None


def notifier_unit(spec: NotifierSpec, webhook: str, password: str) -> Unit:
    """Unit ``notifier-{env}``. ``webhook``: URL of Slack's; ``password``: of the relay. Empty where there is none."""
    environment = spec.environment
    service = on_failure(environment)
    timer = service.replace(".service", ".timer")
    configuration = f"{CONFIG_ROOT}/{environment}/alerts.json"
    state = f"/var/lib/dhanman-notify-{environment}"
    content = {
        "environment": environment,
        "host": spec.host,
        "sources": sources(environment),
        "state": state,
        "remind": spec.remind_hours * HOUR,
        "slack": {"url": webhook} if spec.slack else None,
        "mail": asdict(spec.mail) | {"password": password} if spec.mail else None,
    }
    units = tuple(f"/etc/systemd/system/{unit}" for unit in (service, timer))
    return Unit(
        name=f"notifier-{environment}",
        things=(
            Packages(name=f"notifier-{environment}", packages=("ca-certificates", "python3")),
            Directory(path=sources(environment), exclusive=True),
            File(path=configuration, content=json.dumps(content, indent=2) + "\n", mode="0400", secret=True),
            *(
                File(path=f"{LIBRARY}/notifier/{path.name}", content=path.read_text(encoding="utf-8"))
                for path in sorted(SOURCE.glob("*.py"))
            ),
            File(
                path="/usr/local/sbin/dhanman-notify",
                content=_TEMPLATES.render(
                    "usr/local/sbin/dhanman-notify", library=LIBRARY, configuration=configuration
                ),
                mode="0755",
            ),
            File(
                path=units[0],
                content=_TEMPLATES.render(
                    "etc/systemd/system/dhanman-notify.service", environment=environment
                ),
                notify=("daemon-reload",),
            ),
            File(
                path=units[1],
                content=_TEMPLATES.render("etc/systemd/system/dhanman-notify.timer", environment=environment),
                notify=("daemon-reload", f"restart {timer}"),
            ),
            Service(unit=timer),
        ),
        validations=(
            Validation(argv=("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units)),
        ),
        redact=tuple(secret for secret in (webhook, password) if secret),
    )
