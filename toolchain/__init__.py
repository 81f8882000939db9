"""Puts the tools that this project needs into one clone: virtual environment, Pulumi CLI, plugins, backend.

Everything outside of `toolchain.providers` uses the standard library alone, since it runs before there is a
virtual environment: `python3 -m toolchain setup`.
"""
