"""Stand-in for pulumi-random."""
