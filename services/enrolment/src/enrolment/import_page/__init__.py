"""The page `/imports/`: sheets of people are sent, looked at and accepted at a desktop."""
