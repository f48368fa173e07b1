"""The relay: a stateless copier of log tails into Redis streams."""
