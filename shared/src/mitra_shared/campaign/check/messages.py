"""Limits of messages in bulk: quiet hours that are told apart from none, by the clock of India."""

from mitra_shared.campaign.check.mistakes import Findings
from mitra_shared.campaign.check.origins import Origin
from mitra_shared.campaign.definition import Messaging


def check_messages(messages: Messaging | None, origin: Origin, findings: Findings) -> None:
    """Notes quiet hours that begin when they end, and times of another clock; None: not readable."""
    if messages is None:
        return
    times = {"quiet_from": messages.quiet_from, "quiet_until": messages.quiet_until}
    for name, time in times.items():
        if time.tzinfo is not None:
            findings.add(
                origin.place(name), f"{time} carries an offset", "the time in India alone, such as 20:00:00"
            )
    if messages.quiet_from == messages.quiet_until:
        findings.add(
            origin.place("quiet_until"),
            f"quiet hours from {messages.quiet_from} until {messages.quiet_until} might be all day or none",
            "another time than quiet_from, such as 20:00:00 and 09:00:00",
        )
