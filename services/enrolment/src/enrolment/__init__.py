"""The intake of Mitra: people, withdrawals, opinions, campaigns, and the log of what happened."""
