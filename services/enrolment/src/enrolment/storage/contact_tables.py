"""Tables of rounds of contact. Nothing in them is finer than a day, and no id in them carries a time."""

from sqlalchemy import Column, Date, Index, MetaData, Table, Text, Uuid, text


def add_contact_tables(metadata: MetaData) -> None:
    """Describe them in `metadata`."""
    Table(
        "contact",
        metadata,
        Column("id", Uuid, primary_key=True, comment="random, made by the device"),
        Column("mitra", Uuid, nullable=False),
        Column("campaign", Text, nullable=False),
        Column("constituency", Text, nullable=False),
        Column("segment", Text, nullable=False),
        Column("round", Text, nullable=False),
        Column("staff", Text, nullable=False, comment="who made the contact"),
        Column("role", Text, nullable=False, comment="what that member of staff was then"),
        Column("day", Date, nullable=False, comment="of the contact, in India"),
        Column("recorded_on", Date, nullable=False, comment="the day it arrived here, in India"),
        Column("outcome", Text, nullable=False),
        Column("call_on", Date, comment="the day that was promised with the outcome call_later"),
        Column("preferred_time", Text, comment="when the person said to like to be called"),
        Column(
            "counted_as",
            Text,
            comment="null until its day is counted; reached: the first time the person was, in the round",
        ),
        Index("contact_of_person", "mitra", "day"),
        Index("contact_of_round", "campaign", "constituency", "round"),
        Index("contact_uncounted", "day", "id", postgresql_where=text("counted_as is null")),
        Index(
            "contact_reached_once",
            "mitra",
            "round",
            unique=True,
            postgresql_where=text("counted_as = 'reached'"),
        ),
    )
    Table(
        "person_care",
        metadata,
        Column("mitra", Uuid, primary_key=True),
        Column("campaign", Text, nullable=False),
        Column("constituency", Text, nullable=False),
        Column("staff", Text, nullable=False, comment="who has the person in care instead of the recruiter"),
        Index("person_care_of", "campaign", "constituency", "staff"),
        comment="people who were handed over",
    )
    Table(
        "reached_elsewhere",
        metadata,
        Column("mitra", Uuid, primary_key=True),
        Column("round", Text, primary_key=True),
        Column("campaign", Text, nullable=False),
        Column("constituency", Text, nullable=False),
        comment="rounds in which somebody was reached under an enrolment that was merged with this one",
    )
