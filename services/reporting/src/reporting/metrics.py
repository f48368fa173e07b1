"""Prometheus metrics of the api process: subscribers, and how fresh the mirror is."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge

from reporting.feed import LiveFeed
from reporting.mirror import Mirror


class FeedMetrics:
    """Gauges that ask when they are read."""

    def __init__(self, registry: CollectorRegistry, feed: LiveFeed, mirror: Mirror) -> None:
        subscribers = Gauge("mitra_feed_subscribers", "Live subscribers now", registry=registry)
        subscribers.set_function(lambda: feed.subscribers)
        version = Gauge("mitra_rollup_version", "Newest commit in the mirror", registry=registry)
        version.set_function(lambda: mirror.version)
        age = Gauge("mitra_rollup_age_seconds", "Since the mirror was last read", registry=registry)
        age.set_function(lambda: datetime.now(UTC).timestamp() - mirror.as_of.timestamp())
