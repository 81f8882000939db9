"""Pebble, Let's Encrypt's test server, on the host itself."""
