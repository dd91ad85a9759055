"""Object stores that tests talk to: real servers where there are any, started when a test asks.

The fixtures are in `servers.fixtures`; a conftest.py imports those that its tests need.
"""
