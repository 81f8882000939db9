"""Configurations that are refused: what is changed in a correct one, and what is said of it."""

from __future__ import annotations

from typing import Any

from tests.components.settings.example import DELETE, HOST_KEY

STORAGE = {
    "roles/objectStorage": ["main"],
    "objectStorage": {"version": "1.8.0", "artifact": {"url": "https://example.com/x", "sha256": "a" * 64}},
}
OBJECT_STORAGE: list[tuple[str, dict[str, Any], str]] = [
    ("a role without a server", {"roles/objectStorage": ["main"]}, "objectStorage: is missing: which server"),
    (
        "a server without a role",
        {"objectStorage": STORAGE["objectStorage"]},
        "roles/objectStorage: is missing",
    ),
    (
        "two hosts of object storage",
        STORAGE | {"roles/objectStorage": ["main", "main"]},
        "roles/objectStorage: must have at most 1 entry",
    ),
    (
        "a bucket of nobody",
        STORAGE | {"objectStorage/buckets": ["billing"]},
        "objectStorage/buckets/0: there is no service billing; services has common, sales",
    ),
    (
        "two buckets of a service",
        STORAGE | {"objectStorage/buckets": ["sales", "sales"]},
        "objectStorage/buckets/1: sales is named twice",
    ),
    (
        "MinIO without its client",
        STORAGE | {"objectStorage/kind": "minio"},
        "objectStorage/client: is missing: MinIO is administered by its client mc alone",
    ),
    (
        "a client that nobody needs",
        STORAGE | {"objectStorage/client": {"url": "https://example.com/mc", "sha256": "a" * 64}},
        "objectStorage/client: versitygw needs none",
    ),
    (
        "a program that is nowhere",
        STORAGE | {"objectStorage/artifact": {"path": "bin/versitygw"}},
        "objectStorage/artifact/path: bin/versitygw does not exist",
    ),
    (
        "another program than was meant",
        STORAGE | {"objectStorage/artifact": {"path": "/dev/null", "sha256": "a" * 64}},
        "objectStorage/artifact/sha256: is not that of /dev/null (",
    ),
    (
        "a program over plain HTTP",
        STORAGE | {"objectStorage/artifact": {"url": "http://example.com/x", "sha256": "a" * 64}},
        "objectStorage/artifact/url: must be a URL",
    ),
    (
        "a program outside of its archive",
        STORAGE | {"objectStorage/artifact": {"path": ".", "executable": "../bin/sh"}},
        "objectStorage/artifact/executable:",
    ),
    (
        "the port of a service",
        STORAGE | {"objectStorage/port": 5106},
        "services/sales/port: 5106 is also objectStorage/port",
    ),
    (
        "objects among the dumps",
        STORAGE | {"objectStorage/dataDirectory": "/backups/postgresql/objects"},
        "objectStorage/dataDirectory: must be neither backup/directory nor above or below it",
    ),
    (
        "backups among the objects",
        STORAGE | {"objectStorage/dataDirectory": "/d", "objectStorage/backup": {"directory": "/d/copies"}},
        "objectStorage/backup/directory: must be neither objectStorage/dataDirectory nor above or below it",
    ),
]
BAD: list[tuple[str, dict[str, Any], str]] = [
    *OBJECT_STORAGE,
    (
        "drills without backups",
        {"backup": {"requireDrill": True, "physical": {"enabled": False}}},
        "backup/requireDrill: can't be true without backup/physical/enabled",
    ),
    ("alerts to nobody", {"alerts": {"remindHours": 12}}, "alerts: needs slack, email, or both"),
    (
        "webhook without TLS",
        {"alerts/slack/webhookUrl": "http://hooks.example.com/x"},
        "alerts/slack/webhookUrl: must be a URL that starts with https://",
    ),
    (
        "mail without recipients",
        {"alerts/email": {"from": "a@example.com", "to": [], "user": "x", "password": "y"}},
        "alerts/email/to: must not be empty",
    ),
    (
        "mail from nobody",
        {"alerts/email": {"from": "nobody", "to": ["a@example.com"], "user": "x", "password": "y"}},
        "alerts/email/from: must be an e-mail address",
    ),
    (
        "duplicate port",
        {"services/sales/port": 5101},
        "services/sales/port: 5101 is also services/common/port",
    ),
    ("port of PostgreSQL", {"services/sales/port": 5432}, "services/sales/port: 5432 is also postgres/port"),
    ("reserved port", {"services/sales/port": 25672}, "services/sales/port: 25672 is RabbitMQ's node port"),
    (
        "privileged port",
        {"services/sales/port": 80},
        "services/sales/port: must be at least 1024, since lower",
    ),
    (
        "port above all",
        {"services/sales/port": 70000},
        "services/sales/port: must be at most 65535, not 70000",
    ),
    (
        "slot on a service's port",
        {"services/sales/slotPorts": {"blue": 5101, "green": 7006}},
        "services/sales/slotPorts/blue: 5101 is also services/common/port",
    ),
    (
        "both slots on one port",
        {"services/sales/slotPorts": {"blue": 6006, "green": 6006}},
        "services/sales/slotPorts/green: 6006 is also services/sales/slotPorts/blue",
    ),
    (
        "slot on RabbitMQ's port",
        {"services/sales/slotPorts": {"blue": 25672, "green": 7006}},
        "services/sales/slotPorts/blue: 25672 is RabbitMQ's node port",
    ),
    (
        "slots of two services on one port",
        {
            "services/common/slotPorts": {"blue": 6001, "green": 7001},
            "services/sales/slotPorts": {"blue": 6006, "green": 6001},
        },
        "services/sales/slotPorts/green: 6001 is also services/common/slotPorts/blue",
    ),
    (
        "privileged port of a slot",
        {"services/sales/slotPorts": {"blue": 443, "green": 7006}},
        "services/sales/slotPorts/blue: must be at least 1024, since lower",
    ),
    (
        "port of a slot that connections take",
        {"services/sales/slotPorts": {"blue": 6006, "green": 40000}},
        "services/sales/slotPorts/green: must be at most 32767, since higher ports are taken by outgoing",
    ),
    (
        "one slot without a port",
        {"services/sales/slotPorts": {"blue": 6006}},
        "services/sales/slotPorts/green: is missing",
    ),
    (
        "a third slot",
        {"services/sales/slotPorts": {"blue": 6006, "green": 7006, "red": 8006}},
        "services/sales/slotPorts/red: unknown key",
    ),
    (
        "port as a word",
        {"services/sales/port": "http"},
        "services/sales/port: must be a whole number, not 'http'",
    ),
    ("port true", {"services/sales/port": True}, "services/sales/port: must be a whole number, not true"),
    (
        "unknown key",
        {"services/sales/memoryMaks": "2GiB"},
        "memoryMaks: unknown key; did you mean memoryMax?",
    ),
    ("unknown top-level key", {"colour": "red"}, "colour: unknown key; docs/settings.md lists all keys"),
    ("number as a key", {"gateway": {1: 2}}, "gateway/1: unknown key"),
    ("python spelling", {"delete_data": True}, "delete_data: unknown key; did you mean deleteData?"),
    ("bad domain", {"services/sales/domain": "Sales_x"}, "services/sales/domain: must be a full domain name"),
    ("duplicate domain", {"frontend/domain": "sales.example.com"}, "is also services/sales/domain"),
    (
        "domain outside the zone",
        {"dns": {"zone": "other.org"}},
        "common.example.com is not in the zone other.org",
    ),
    (
        "bad network",
        {"network": {"sshSources": ["10.0.0.1/8"]}},
        "network/sshSources/0: must be a network in CIDR",
    ),
    (
        "bad hangfire network",
        {"services/sales/hangfireAllow": ["all"]},
        "services/sales/hangfireAllow/0: must be a",
    ),
    (
        "a proxy that is no network",
        {"gateway": {"trustedProxies": ["akamai"]}},
        "gateway/trustedProxies/0: must be a network in CIDR form without host bits, such as 10.0.0.0/8, or cloudflare",
    ),
    (
        "a password where its hash belongs",
        {"gateway": {"hangfireUsers": {"anita": "letmein"}}},
        "gateway/hangfireUsers/anita: must be the hash of a password",
    ),
    (
        "a source that would end the policy",
        {"frontend/csp": {"img-src": ["'self'; script-src *"]}},
        "frontend/csp/img-src/0: must be one source",
    ),
    (
        "proxied records and clients that all look alike",
        {"dns": {"zone": "example.com", "zoneId": "a" * 32, "proxied": True}},
        "gateway/trustedProxies: must name cloudflare",
    ),
    ("bad e-mail", {"operatorEmail": "ops at dhanman"}, "operatorEmail: must be an e-mail address"),
    ("bad time", {"backup": {"schedule": "25:00"}}, "backup/schedule: must be a time (02:00), a cron line"),
    (
        "bad cron",
        {"backup": {"schedule": "0 24 * * *"}},
        "backup/schedule: must be a time (02:00), a cron line",
    ),
    (
        "bad address",
        {"hosts/main/address": "51.79.156"},
        "hosts/main/address: must be an IPv4 or IPv6 address",
    ),
    ("missing address", {"hosts/main/address": DELETE}, "hosts/main/address: is missing"),
    ("unknown host", {"roles/gateway": ["web"]}, "roles/gateway/0: there is no host web; hosts has main"),
    ("role without host", {"roles/postgres": []}, "roles/postgres: must not be empty"),
    ("missing role", {"roles/backup": DELETE}, "roles/backup: is missing"),
    ("host named twice", {"roles/services": ["main", "main"]}, "roles/services/1: main is named twice"),
    ("two database hosts", {"roles/postgres": ["main", "main"]}, "roles/postgres: must have at most 1 entry"),
    (
        "memory too small",
        {"hosts/main/memory": "2GiB"},
        "hosts/main/memory: 2 GiB is too little: shared_buffers 0.5",
    ),
    ("ceilings too high", {"services/sales/memoryMax": "40GiB"}, "half of the services' memoryMax 21"),
    ("absurd buffers", {"postgres": {"sharedBuffers": "15GiB"}}, "hosts/main/memory: 16 GiB is too little"),
    ("bad size", {"hosts/main/memory": "16 gigs"}, "hosts/main/memory: must be a size with its unit"),
    (
        "size without unit",
        {"services/sales/memoryMax": 2048},
        "services/sales/memoryMax: must be a size with its unit",
    ),
    ("quota above the cores", {"services/sales/cpuQuota": "900%"}, "900% is more than the 8 cores"),
    (
        "bad quota",
        {"services/sales/cpuQuota": 2},
        "services/sales/cpuQuota: must be a percentage such as 200%",
    ),
    (
        "bad version",
        {"services/sales/version": "../1.0"},
        "services/sales/version: must be a version such as 1.4.2",
    ),
    (
        "version as number",
        {"services/sales/version": 1.4},
        "services/sales/version: must be text; put it in quotes",
    ),
    (
        "missing artifact",
        {"services/sales/artifact": {"path": "build/sales"}},
        "services/sales/artifact/path: build/sales does not exist; build it, or correct the path",
    ),
    (
        "an artifact that is not the one of the digest",
        {"services/sales/artifact": {"path": ".", "sha256": "0" * 64}},
        "services/sales/artifact/sha256: is not that of . (",
    ),
    (
        "URL without digest",
        {"services/sales/artifact": {"url": "https://example.com/x.tar.gz"}},
        "services/sales/artifact: url needs the sha256 of the archive beside it",
    ),
    (
        "plain http",
        {"services/sales/artifact/url": "http://example.com/x.tar.gz"},
        "services/sales/artifact/url: must be a URL that starts with https://",
    ),
    (
        "bad digest",
        {"services/sales/artifact/sha256": "abc"},
        "services/sales/artifact/sha256: must be a SHA-256",
    ),
    (
        "two sources",
        {"services/sales/artifact/path": "x"},
        "services/sales/artifact: needs exactly one of path and url",
    ),
    (
        "bad service name",
        {"services": {"Sales!": {}}},
        "services/Sales!: must be a name of 2 to 18 lower-case",
    ),
    ("no services", {"services": {}}, "services: must not be empty"),
    ("services as a list", {"services": ["sales"]}, "services: must be a mapping"),
    ("pools too large", {"services/sales/pool": {"max": 100}}, "postgres/maxConnections: 200 is too few"),
    (
        "min above max",
        {"services/sales/pool": {"max": 5, "min": 9}},
        "services/sales/pool: min must not be larger",
    ),
    (
        "secret as number",
        {"services/sales/secrets": {"Jwt.Key": 5}},
        "secrets/Jwt.Key: must be text; put it in quotes",
    ),
    ("empty secret", {"services/sales/secrets": {"Jwt.Key": " "}}, "secrets/Jwt.Key: must not be empty"),
    (
        "secret set twice",
        {"services/sales/secrets": {"Jwt.Key": "x"}, "services/sales/settings": {"Jwt": {"Key": "y"}}},
        "services/sales/secrets/Jwt.Key: is also in settings; keep it in one of the two",
    ),
    (
        "bad host key",
        {"hosts/main/hostKey": "ssh-ed25519 AAAA"},
        "hosts/main/hostKey: must be a public key of the",
    ),
    (
        "two ways in",
        {"ssh/privateKeyFile": "~/.ssh/id"},
        "ssh: needs exactly one of privateKey, privateKeyFile and",
    ),
    (
        "private key cut off",
        {"ssh": {"privateKey": "abc"}},
        "ssh/privateKey: must be a private key with all its lines",
    ),
    ("rotation below none", {"rotation": {"postgres": -1}}, "rotation/postgres: must be at least 0, not -1"),
    (
        "rotation of something else",
        {"rotation": {"redis": 1}},
        "rotation/redis: unknown key",
    ),
    ("bad deploy key", {"ssh/deployKeys": ["me"]}, "ssh/deployKeys/0: must be a public key"),
    (
        "bad window",
        {"hosts/main/rebootWindow": "Sunday night"},
        "hosts/main/rebootWindow: must be a time (02:00), a cron line",
    ),
    ("bans after one", {"network": {"bans": {"maxRetry": 1}}}, "network/bans/maxRetry: must be"),
    ("bans in no time", {"network": {"bans": {"findTime": 5}}}, "network/bans/findTime: must be"),
    ("bans for ever", {"network": {"bans": {"banTime": 604801}}}, "network/bans/banTime: must be"),
    ("bad time zone", {"hosts/main/timeZone": "Mars/Base"}, "hosts/main/timeZone: must be a time zone"),
    ("wrong environment", {"environment": "prod"}, "environment: prod can't be the environment of stack qa"),
    (
        "unknown environment",
        {"environment": "dev"},
        "environment: must be 'prod', 'qa' or 'local', not 'dev'",
    ),
    ("unknown runtime", {"runtime": {"kind": "java"}}, "runtime: kind must be one of 'dotnet', 'executable'"),
    ("runtime without kind", {"runtime": {"version": "9.0"}}, "runtime: needs its kind"),
    (
        "unknown field in a command",
        {"runtime": {"kind": "executable", "command": "{home}/run"}},
        "runtime/command: must be a command on one line in which {release} and {urls} are",
    ),
    (
        "bad runtime version",
        {"runtime": {"kind": "dotnet", "version": "9"}},
        "runtime/version: must have the form",
    ),
    (
        "bad fingerprint",
        {"postgres": {"repository": {"uri": "https://x.org", "keyFile": "k", "fingerprint": "12"}}},
        "postgres/repository/fingerprint: must be an OpenPGP fingerprint",
    ),
    (
        "proxied with ttl",
        {
            "dns": {"zone": "example.com", "proxied": True, "ttl": 300},
            "gateway/trustedProxies": ["cloudflare"],
        },
        "dns/ttl: must be 1 (automatic), since the records are proxied",
    ),
    ("relative folder", {"backup": {"directory": "backups"}}, "backup/directory: must be an absolute path"),
    (
        "path that climbs",
        {"backup": {"directory": "/backups/../etc"}},
        "backup/directory: must be an absolute path",
    ),
    (
        "private address outside",
        {"hosts/main/privateAddress": "172.16.0.1"},
        "is in none of network/privateRanges",
    ),
    (
        "two hosts, one address",
        {"hosts/db": {"address": "192.0.2.10", "hostKey": HOST_KEY, "memory": "4GiB", "cores": 2}},
        "hosts/db/address: 192.0.2.10 is also hosts/main/address",
    ),
    (
        "backup without database",
        {"hosts/db": {"address": "192.0.2.11", "memory": "4GiB", "cores": 2}, "roles/backup": ["db"]},
        "roles/backup: db has no PostgreSQL",
    ),
    ("canary for all", {"services/sales/canary": {"share": "60%"}}, "services/sales/canary/share: must be"),
    (
        "canary as a number",
        {"services/sales/canary": {"share": 10}},
        "share: must be a percentage such as 10%",
    ),
    (
        "canary too short",
        {"services/sales/canary": {"duration": 5}},
        "services/sales/canary/duration: must be",
    ),
    ("set of one", {"releaseSets": {"billing": ["sales"]}}, "releaseSets/billing: "),
    (
        "set of strangers",
        {"releaseSets": {"billing": ["sales", "common", "salse"]}},
        "releaseSets/billing/2: there is no service salse; services has common, sales",
    ),
    (
        "one service in two sets",
        {"releaseSets": {"one": ["sales", "common"], "two": ["sales", "sales"]}},
        "releaseSets/two/0: sales is also releaseSets/one/0",
    ),
    (
        "canary in a set",
        {"releaseSets": {"one": ["sales", "common"]}, "services/sales/canary": {}},
        "releaseSets/one/0: sales has a canary",
    ),
    (
        "another version that is the same",
        {"postgres/version": 17, "postgres/alongside": 17},
        "postgres/alongside: is postgres/version itself",
    ),
    ("another version that is unknown", {"postgres/alongside": 9}, "postgres/alongside: must be at least 14"),
]
