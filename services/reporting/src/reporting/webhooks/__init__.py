"""Webhooks: from the mirror to receivers outside, over a lease in the database."""
