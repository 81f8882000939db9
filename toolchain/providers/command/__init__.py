"""Stand-in for pulumi-command."""
