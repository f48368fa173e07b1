"""The HTTP edge of every process: server, limits, errors as problem documents, callers, probes."""
