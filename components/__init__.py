"""The Dhanman environment as Pulumi components, one folder per thing that the user names."""
