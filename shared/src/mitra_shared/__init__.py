"""What Mitra's services share: contracts, the log and its carriers, security, and the operators' tools."""
