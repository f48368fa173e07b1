"""What can be done to webhooks, one file each."""
