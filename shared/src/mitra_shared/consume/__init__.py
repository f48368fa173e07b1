"""Consuming: effects exactly once, in order per key, whatever is killed."""

from mitra_shared.consume.feeding import Delivery, Feed, declaring_broker, subscriber
from mitra_shared.consume.group import ConsumerGroup

__all__ = ["ConsumerGroup", "Delivery", "Feed", "declaring_broker", "subscriber"]
