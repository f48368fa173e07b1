"""The page: server-rendered with the counts of the moment, kept moving by a small script of our own."""
