"""A stand-in for one Dhanman service: same arguments, settings, endpoints and way to stop."""
