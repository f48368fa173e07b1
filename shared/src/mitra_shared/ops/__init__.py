"""The operators' tools: the `mitra` command line, the embedded stack, the simulator and the audit."""
