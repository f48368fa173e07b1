"""Rebuilding: the rollups counted beside the live ones from the logs, compared, and put right at once."""
