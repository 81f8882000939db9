"""``dhanman-certificates`` on a host: asks an ACME server for certificates, renews them, and gives them to NGINX.

Standard library only, around certbot and OpenSSL; it travels as files of the unit ``certificates-acme-{env}``.
"""
