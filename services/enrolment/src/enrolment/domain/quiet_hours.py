"""Quiet hours: when no message in bulk is sent, by the clock on the wall; they may reach over midnight."""

from datetime import datetime, time, timedelta


def is_quiet(at: datetime, quiet_from: time, quiet_until: time) -> bool:
    """Whether `at`, in local time, lies in the quiet hours. A campaign that has none cannot be loaded."""
    clock = at.time()
    if quiet_from <= quiet_until:
        return quiet_from <= clock < quiet_until
    return clock >= quiet_from or clock < quiet_until


def first_loud(at: datetime, quiet_from: time, quiet_until: time) -> datetime:
    """`at`, or the end of the quiet hours it lies in."""
    if not is_quiet(at, quiet_from, quiet_until):
        return at
    end = datetime.combine(at.date(), quiet_until, at.tzinfo)
    return end if end > at else end + timedelta(days=1)
