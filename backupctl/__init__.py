"""``backupctl``: makes, watches, tries and restores the backups of an environment's databases, on their host.

Standard library only. Configuration is one JSON file (:mod:`backupctl.config`) that holds no secret; pgBackRest reads
its own, and this program never does. ``docs/operations.md`` describes what people do with it.
"""
