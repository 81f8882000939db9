"""The control: the deployment document's own way to deploy, which everything else is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import testbed

FOLDER = "/opt/control"
BUILDS = "/var/tmp/builds"
UNIT = "control.service"
SOCKET = "/run/control/http.sock"
_UNIT_FILE = f"""[Service]
ExecStart={FOLDER}/echo --urls http://unix:{SOCKET}
WorkingDirectory={FOLDER}
RuntimeDirectory=control
Group=www-data
UMask=0007
KillSignal=SIGINT
Restart=always
RestartSec=10
"""


class Control:
    """One plain unit, and NGINX's link led to it. Source: the deployment document, "Deployment Process"."""

    def __init__(self, host: testbed.Host, release: str, link: str) -> None:
        """``release``: folder of an unpacked version. ``link``: what NGINX connects to."""
        self._host, self._release, self._link = host, release, link

    def install(self, versions: Sequence[str]) -> None:
        """Lay builds of all ``versions`` ready, and serve the first from the plain unit."""
        self._host.run(["tee", f"/run/systemd/system/{UNIT}"], input=_UNIT_FILE)
        for version in versions:
            build = f"{BUILDS}/{version}"
            self._host.run(f"mkdir -p {BUILDS} && cp -rL {self._release} {build} && chmod u+w -R {build}")
            self._host.run(f"echo {version} > {build}/VERSION")
        self._host.run(f"systemctl daemon-reload; cp -r {BUILDS}/{versions[0]} {FOLDER}")
        self._host.run(f"systemctl start {UNIT}; {_SERVES}; ln -s {SOCKET} {self._link}.new")
        self._host.run(f"mv -T {self._link}.new {self._link}")

    def deploy(self, version: str) -> float:
        """Stop, delete, copy, start; seconds from the start to the first answer."""
        done = self._host.run(
            f"systemctl stop {UNIT}; rm -rf {FOLDER}; cp -r {BUILDS}/{version} {FOLDER}; "
            f"date +%s.%N; systemctl start {UNIT}; {_SERVES}; date +%s.%N"
        )
        begun, ended = map(float, done.stdout.split())
        return ended - begun


_SERVES = (
    f"timeout 20 sh -c 'until curl -sf -o /dev/null --unix-socket {SOCKET} http://localhost/health; "
    "do sleep 0.01; done'"
)
