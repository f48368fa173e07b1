"""The contracts between the services: topics, events, their encoding, and the `rollups` stream."""
