"""Mitra's certificates: one for each Mitra, within the quota of its area, in the order of the log."""
