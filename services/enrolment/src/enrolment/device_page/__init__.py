"""The page on which an in-charge sees whether every phone of the staff has sent all it holds."""
