"""What of the baselines is not as they want it, and why."""

from __future__ import annotations

_NO_ROUTER = "many providers give IPv6 address and route by router advertisements alone"
_CLIENT = "nobody goes on from these hosts by SSH; the client and its settings are the package's"
_PACKAGE = "the package's own file holds no secret, and an edited one keeps upgrades waiting"

WAIVED = {
    # linux
    "os-05": "nobody has a password; units have UMask=; " + _PACKAGE,
    "os-06": "ssh-keysign refuses to work unless EnableSSHKeysign is set; its mode comes back with each upgrade",
    "os-10": "only root mounts; squashfs is for snaps, vfat for EFI, udf for a provider's configuration disk",
    "os-13": "nobody but root writes them, and what is in them is no secret: commands hold none",
    "os-14": "upgrades and .NET run what they unpack in /tmp and /var/tmp; services have a /tmp of their own",
    "package-08": "auditd would write each execve of every deployment",
    "sysctl-05": "1000 ms between answers, the kernel's own value, limits more than 100 does",
    "sysctl-06": "answers to pings are for monitoring; errors are limited",
    "sysctl-07": "timestamps start at random since Linux 4.10 and tell no uptime; without them fast links lose data",
    "sysctl-08": "a host has one interface, or a tunnel that knows no ARP",
    "sysctl-09": "as sysctl-08",
    "sysctl-21": _NO_ROUTER,
    "sysctl-22": _NO_ROUTER,
    "sysctl-23": _NO_ROUTER,
    "sysctl-24": _NO_ROUTER,
    "sysctl-25": _NO_ROUTER,
    "sysctl-26": _NO_ROUTER,
    "sysctl-27": "a twin of an address should be found",
    "sysctl-28": _NO_ROUTER,
    "sysctl-35": "1: a parent may look into its child, which the .NET runtime's dumps are made by",
    # ssh
    "sshd-02": "newer exchanges than the baseline knows, ML-KEM first; ssh-audit warns of the group exchange",
    "sshd-05": _PACKAGE + "; ours is in sshd_config.d",
    "sshd-09": "network.sshSources and the firewall say who reaches it; a fixed address locks out when it changes",
    "sshd-19": "an agent offers each of its keys as a try; there are no passwords to guess, and fail2ban counts",
    "sshd-21": "a deployment opens a connection for each unit, many at once",
    "sshd-24": "counts only where a host vouches for its users, which is off",
    "sshd-31": "Kerberos is off",
    "sshd-39": "local: forwarding is how people reach PostgreSQL and RabbitMQ, whose ports are closed",
    "sshd-45": "who logs in sees whether somebody else was there",
    "sshd-50": "the host's own ed25519 key is what deployments check; RSA of 3072 bits is strong until 2030 and later",
    "ssh-06": _CLIENT,
    "ssh-09": _CLIENT,
    "ssh-10": _CLIENT,
    "ssh-16": _CLIENT,
    "ssh-17": _CLIENT,
    "ssh-22": _CLIENT,
    # nginx
    "nginx-02": _PACKAGE,
    "nginx-06": "cookies and tokens are larger than 1k, uploads larger still: gateway.clientMaxBodySize",
    "nginx-07": "an office is one address: gateway.connections",
    "nginx-12": "Mozilla's intermediate profile, newer: the client chooses among ciphers that are all strong, no DHE",
    "nginx-17": "phones on slow networks: gateway.timeouts.client",
    # postgres
    "postgres-06": "the superuser has none on purpose: peer on the socket, rejected everywhere else",
    "postgres-10": "no secret is in there, and nobody else writes it; the package makes the folder",
    "postgres-12": "PostgreSQL's own list, which leaves out what is weak, and TLS 1.2 at least",
    "postgres-13": "peer for the superuser; services' users are not their roles, so these need their password",
    "postgres-15": "services connect on the host itself, or through the tunnel between hosts",
    "postgres-16": "slow statements are logged, without values; of others the log would hold personal data",
    "postgres-20": "the data folder is 0700; the package shares the log's folder, its files are not for others",
}
"""Controls that need not hold, and why."""

NOT_ASKED = {
    "os-05b": "for RedHat alone",
    "sysctl-31b": "where dumps of lent powers are switched on, which sysctl-31a forbids",
    "sshd-10": "OpenSSH knows no protocol but 2 since 7.6",
    "ssh-04": "as sshd-10",
    "ssh-14": "as sshd-10",
    "ssh-15": "as sshd-10",
    "ssh-21": "gone since OpenSSH 7.2",
    "nginx-14": "the baseline itself asks only where it is told to: services decide on methods",
    "nginx-16": "as nginx-14: services set their cookies, in a module that Debian does not have",
}
"""Controls that the baselines themselves do not ask of such a host."""
