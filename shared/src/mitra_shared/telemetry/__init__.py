"""What the processes say about themselves: logs, metrics and trace context. Never a name or a phone."""
