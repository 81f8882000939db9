"""The lifecycle rules of an S3 bucket. Pure."""

from __future__ import annotations

from typing import Any

from components.backup.bucket.spec import UNFINISHED_DAYS

OURS = "dhanman-"
"""What the names of our rules begin with."""


def lifecycle(hidden_days: int) -> list[dict[str, Any]]:
    """The rules of the bucket, for all objects."""
    return [
        {
            "ID": f"{OURS}old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": hidden_days},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
        {
            "ID": f"{OURS}unfinished-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
        },
    ]


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> bool:
    """Whether the rules mean the same: stores fill in defaults, and some spell the prefix in the older way."""

    def essence(rules: list[dict[str, Any]]) -> list[Any]:
        members = ("ID", "Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
        return sorted(
            ([rule.get(m) for m in members] + [_marker(rule), _prefix(rule)] for rule in rules), key=str
        )

    return essence(found) == essence(wanted)


def _marker(rule: dict[str, Any]) -> bool:
    return bool(rule.get("Expiration", {}).get("ExpiredObjectDeleteMarker"))


def _prefix(rule: dict[str, Any]) -> str:
    return str(rule.get("Filter", {}).get("Prefix") or rule.get("Prefix") or "")


def described(rules: list[dict[str, Any]]) -> str:
    """How long old versions are kept by these rules, for people."""
    old = [rule["NoncurrentVersionExpiration"] for rule in rules if "NoncurrentVersionExpiration" in rule]
    return f"{old[0].get('NoncurrentDays')} days" if old else "kept for ever"
