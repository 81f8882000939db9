"""Stand-ins for the provider plugins of `command`, `random` and `cloudflare`.

Used only where the official plugins can't be downloaded, and only for the resource types of this project.
They speak the same wire contract (https://github.com/pulumi/pulumi/tree/master/proto), so a state that was
written with the one shows no difference with the other.
"""
