"""What can be asked of the certificates service, by kind of thing that is asked about."""
