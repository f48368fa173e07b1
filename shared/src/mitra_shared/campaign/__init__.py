"""Campaign definitions: the model, and the checker that reads one from TOML and CSV."""
