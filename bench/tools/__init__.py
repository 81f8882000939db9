"""The tools that are measured, each as the commands that a person would type."""
