"""The simulator: a field day with skewed demand, withdrawals, doubles, repeats and opinions, over HTTP."""
