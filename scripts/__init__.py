"""Chores that the Makefile names: each module is one of them and runs as `python -m scripts.<name>`."""
