"""Reporting: counts of areas against targets and quotas, live and by day, from the events of all services."""
