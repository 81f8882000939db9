"""Measures this project against Ansible, pyinfra and a plain shell script, doing the same work on equal hosts."""
