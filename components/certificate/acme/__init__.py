"""Certificates from an ACME server, asked for and renewed by the host itself."""
