"""Consuming: effects exactly once, in order per key, whatever is killed."""
