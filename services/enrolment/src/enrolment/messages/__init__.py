"""Messages to people: noted in the caller's transaction, worded and sent by a process of their own."""
