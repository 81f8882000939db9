"""From settings to what hosts are made from, and who hears of it when something fails there. Pure."""

from __future__ import annotations

from components.host.spec import Bans, DataGate, HostSpec
from components.notifier.plan import Mail, NotifierSpec
from components.settings import Alerts, Settings
from components.settings import Host as HostSettings
from components.specs.backups import physical_backup
from components.specs.wireguard import tunnel


def host(settings: Settings, name: str, gate: DataGate | None = None) -> HostSpec:
    """What every host of the environment is, whatever its roles. ``gate``: before data, where the databases are."""
    machine = settings.hosts[name]
    return HostSpec(
        environments=(settings.environment,),
        memory=machine.memory,
        cores=machine.cores,
        time_zone=machine.time_zone,
        deploy_user=machine.user,
        ssh_port=machine.port,
        ssh_sources=settings.network.ssh_sources,
        private_ranges=settings.network.private_ranges,
        bans=Bans(
            max_retry=settings.network.bans.max_retry,
            find_time=settings.network.bans.find_time,
            ban_time=settings.network.bans.ban_time,
        ),
        private_ports=(
            settings.postgres.port,
            settings.rabbitmq.port,
            settings.rabbitmq.management_port,
            *([settings.object_storage.port] if settings.object_storage else []),
        ),
        public_udp_ports=(443,) if settings.gateway.http3 else (),
        operator_email=settings.operator_email,
        reboot_window=machine.reboot_window,
        data_gate=gate,
        tunnel=tunnel(settings, name),
    )


def data_gate(settings: Settings, name: str, anyway: str) -> DataGate | None:
    """The gate before the data of one host, if there is one. ``anyway``: the reason to go on without a drill."""
    physical = physical_backup(settings)
    if not settings.requires_drill or physical is None or name != settings.host_of("postgres")[0]:
        return None
    return DataGate(
        environment=settings.environment,
        stack=settings.stack,
        report=physical.drill_report,
        anyway=anyway,
    )


def notifier(settings: Settings, alerts: Alerts, name: str, machine: HostSettings) -> NotifierSpec:
    """The notifier of one host; the secrets of its channels are not part of it."""
    mail = alerts.email
    return NotifierSpec(
        environment=settings.environment,
        host=f"{name} ({machine.address})",
        remind_hours=alerts.remind_hours,
        slack=alerts.slack is not None,
        mail=Mail(sender=mail.sender, to=mail.to, host=mail.host, port=mail.port, user=mail.user)
        if mail
        else None,
    )


def alert_secrets(alerts: Alerts) -> tuple[str, str]:
    """URL of the webhook and password of the mail relay; empty where there is no such channel."""
    return (
        alerts.slack.webhook_url.get_secret_value() if alerts.slack else "",
        alerts.email.password.get_secret_value() if alerts.email else "",
    )
