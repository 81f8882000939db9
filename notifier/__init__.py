"""``dhanman-notify`` on a host: tells the operator when something there begins to fail, and when it is well again.

What it looks at, whoever is responsible for it leaves as a JSON file in one folder (:mod:`notifier.sources`). Standard
library only; it travels to the host as files of the unit ``notifier-{env}``.
"""
