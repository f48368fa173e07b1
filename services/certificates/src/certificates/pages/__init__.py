"""The page of one certificate."""
