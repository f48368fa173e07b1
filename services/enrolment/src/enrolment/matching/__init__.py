"""The matcher: finds people who are likely enrolled twice, and clears the others."""
