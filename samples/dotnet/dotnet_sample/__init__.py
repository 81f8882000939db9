"""Builds the ASP.NET Core sample from pinned packages."""
