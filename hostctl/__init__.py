"""The program on the host: applies a host unit as one transaction. Standard library only.

It is installed by the bootstrap, reads one JSON document on ``stdin`` and imports nothing of the rest of the
project. ``docs/architecture.md`` describes the transaction that it runs.
"""

FORMAT = 1
"""The form of the document that this version understands."""
