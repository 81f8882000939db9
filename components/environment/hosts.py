"""The hosts, the tunnel between them, and who tells their failures."""

from __future__ import annotations

import pulumi

from components import specs
from components.access import logins
from components.environment.frame import Frame
from components.host import Host, HostArgs
from components.notifier import Notifier, NotifierArgs
from components.remote import Bootstrap, BootstrapArgs, Login, Observer, Target
from components.settings import Host as HostSettings
from components.wireguard import Wireguard, WireguardArgs


class Hosts:
    """Every host of an environment, ready for what its roles bring.

    ``observer``: what is on the hosts now. ``without_drill``: as :class:`components.environment.Environment` takes it.
    """

    def __init__(self, frame: Frame, observer: Observer | None, without_drill: str) -> None:
        self._frame = frame
        self._settings = frame.settings
        known = logins(self._settings)
        self.targets = {
            name: _host(frame, name, host, known[name], observer, without_drill)
            for name, host in self._settings.hosts.items()
        }
        """By the host's name: what is applied there waits for the host, and for the tunnel if there is one."""
        self.tunnel = self._make_tunnel()
        self._notifiers = self._make_notifiers()

    def target(self, role: str) -> Target:
        """The host that has a role."""
        return self.targets[self._settings.host_of(role)[0]]

    def told(self, host: str) -> list[pulumi.Resource]:
        """What must be there before units of a host that tell their failures."""
        return [self._notifiers[host].ready] if self._notifiers else []

    def teller(self, role: str) -> list[pulumi.Resource]:
        """The same of the host that has a role."""
        return self.told(self._settings.host_of(role)[0])

    def reach(self, role: str) -> str:
        """Where the services reach a role's host: on their own host, through loopback."""
        name, host = self._settings.host_of(role)
        return "localhost" if name == self._settings.host_of("services")[0] else host.internal_address

    def _make_tunnel(self) -> Wireguard | None:
        spec = specs.wireguard(self._settings)
        if spec is None:
            return None
        args = WireguardArgs(targets=self.targets, spec=spec, rotation=self._settings.rotation.wireguard)
        made = Wireguard("wireguard", args, self._frame.child)
        self.targets = {name: target.after(made.ready[name]) for name, target in self.targets.items()}
        return made

    def _make_notifiers(self) -> dict[str, Notifier]:
        """A notifier on each host, by the host's name; none where nobody is to be told."""
        settings, alerts = self._settings, self._settings.alerts
        if alerts is None:
            return {}
        webhook, password = specs.alert_secrets(alerts)
        return {
            name: Notifier(
                f"{name}-notifier",
                NotifierArgs(
                    target=self.targets[name],
                    spec=specs.notifier(settings, alerts, name, host),
                    webhook=pulumi.Output.secret(webhook),
                    password=pulumi.Output.secret(password),
                ),
                self._frame.child,
            )
            for name, host in settings.hosts.items()
        }


def _host(
    frame: Frame,
    name: str,
    host: HostSettings,
    login: Login,
    observer: Observer | None,
    without_drill: str,
) -> Target:
    settings = frame.settings
    bootstrap = Bootstrap(
        f"{name}-bootstrap",
        name,
        BootstrapArgs(
            login=login,
            bootstrap_user=host.bootstrap_user,
            deploy_user=host.user,
            deploy_keys=settings.ssh.deploy_keys,
            adopt=host.adopt,
            delete_data=settings.delete_data,
            watch=observer.watch(name) if observer else None,
        ),
        frame.child,
    )
    gate = specs.data_gate(settings, name, without_drill)
    args = HostArgs(target=bootstrap.target, spec=specs.host(settings, name, gate))
    return Host(name, args, frame.child).target
