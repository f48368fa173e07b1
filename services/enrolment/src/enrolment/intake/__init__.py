"""Group commit: enrolments that wait are written together, in one transaction, and answered after it."""
