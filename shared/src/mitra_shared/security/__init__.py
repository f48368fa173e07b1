"""Keys and what is done with them: sealing, keyed look-up, bearer tokens, secret files."""
