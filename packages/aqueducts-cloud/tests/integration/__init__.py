"""Runs over the servers."""
