"""What no server process here needs, and systemd therefore keeps from it.

No ``MemoryDenyWriteExecute``: .NET, Erlang and PostgreSQL compile what they then execute. No ``RemoveIPC``: a second
process of the same user, a cluster that is being restored, would lose its shared memory.

Source: systemd.exec(5), "Sandboxing"; ``systemd-analyze security``.
"""

from __future__ import annotations

SANDBOX = """\
NoNewPrivileges=yes
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM"""
"""Lines of a unit's section ``[Service]``; templates know them as ``sandbox``."""
