"""Benchmarks: what Mitra does per second beside what one would use instead, measured in the same run."""
