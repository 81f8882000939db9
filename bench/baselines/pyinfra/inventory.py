"""The one host that is measured, from the environment."""

from __future__ import annotations

import os

hosts = [
    (
        os.environ["BENCH_ADDRESS"],
        {
            "ssh_user": "root",
            "ssh_port": int(os.environ["BENCH_PORT"]),
            "ssh_key": os.environ["BENCH_KEY_FILE"],
            "ssh_known_hosts_file": os.environ["BENCH_KNOWN_HOSTS"],
            "ssh_strict_host_key_checking": "yes",
        },
    )
]
