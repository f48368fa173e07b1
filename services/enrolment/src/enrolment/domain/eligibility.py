"""Who may be enrolled: every rule of the campaign about one application, checked together.

The phone comes normalised (or None if it is none that can receive messages), because telling that needs the
numbering plans of the world.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from enrolment.domain.areas import constituency_of
from enrolment.domain.refusals import Reason, Refusal
from enrolment.domain.rules import Notice, Rules
from mitra_shared.ids import AreaCode
from mitra_shared.person_names import RIGHT_NAME, UnacceptableName, clean_person_name


class Consent(Protocol):
    """The person's answer to the notice."""

    @property
    def given(self) -> bool: ...  # noqa: D102 - the class says it
    @property
    def notice_version(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def notice_hash(self) -> str | None: ...  # noqa: D102


class Terms(Protocol):
    """What is asked for one person but the person: often the same for many."""

    @property
    def segment(self) -> str: ...  # noqa: D102 - the class says it
    @property
    def basis(self) -> str: ...  # noqa: D102
    @property
    def schemes(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def adult(self) -> bool: ...  # noqa: D102
    @property
    def party_member(self) -> bool: ...  # noqa: D102
    @property
    def consent(self) -> Consent | None: ...  # noqa: D102


class Application(Terms, Protocol):
    """What is asked for one person, as far as rules look at it."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the class says it


@dataclass(frozen=True, slots=True)
class JudgedTerms:
    """What the rules say of terms: good for everybody who is enrolled on the same day on the same."""

    refusals: tuple[Refusal, ...]
    is_outside: bool
    """The recruiter has nothing to do with the area, and is told nothing else."""
    constituency: AreaCode | None
    segment: AreaCode
    people_per_phone: int
    notice_hash: bytes | None
    """None without consent to a notice that exists."""


class Eligible(NamedTuple):
    """The application satisfies the rules; only whether the person is enrolled already remains open."""

    name: str
    phone: str
    constituency: AreaCode
    segment: AreaCode
    people_per_phone: int
    notice_hash: bytes
    """SHA-256 of the text that the person agreed to."""


def judge(
    application: Application, phone: str | None, rules: Rules, *, area: AreaCode | None, today: date
) -> Eligible | tuple[Refusal, ...]:
    """Apply the rules.

    Args:
        application: what was sent.
        phone: its phone in E.164 form, None if it is not a valid mobile number.
        rules: of the campaign, in the version in force.
        area: the constituency the recruiter may write in.
        today: the day in India.

    Returns:
        Every objection, or the cleaned facts.
    """
    return judge_person(judge_terms(application, rules, area=area, today=today), application.name, phone)


def judge_terms(terms: Terms, rules: Rules, *, area: AreaCode | None, today: date) -> JudgedTerms:
    """Apply the rules to everything but name and phone; the rest is for `judge_person`."""
    consent = terms.consent
    replaced = rules.replaced_notice(consent.notice_version, today) if consent else None
    notice = replaced if replaced and replaced.is_in_grace(today) else rules.notice_in_force(today)
    constituency = constituency_of(rules, terms.segment, area=area)
    segment = AreaCode(terms.segment)
    if not isinstance(constituency, Refusal):
        refusals = tuple(_objections(terms, rules, notice, replaced))
        notice_hash = notice.hashes.get(consent.language) if consent else None
        return JudgedTerms(refusals, False, constituency, segment, rules.people_per_phone, notice_hash)
    is_outside = constituency.reason is Reason.SEGMENT_OUTSIDE_AREA
    others = () if is_outside else tuple(_objections(terms, rules, notice, replaced))
    return JudgedTerms((*others, constituency), is_outside, None, segment, rules.people_per_phone, None)


def judge_person(terms: JudgedTerms, name: str, phone: str | None) -> Eligible | tuple[Refusal, ...]:
    """Apply the rules to name and phone (see `judge`), on terms that were judged."""
    if terms.is_outside:
        return terms.refusals
    refusals = list(terms.refusals)
    try:
        name = clean_person_name(name)
    except UnacceptableName as error:
        refusals.append(
            Refusal(
                Reason.INVALID_NAME,
                "name",
                f"The name {error}.",
                RIGHT_NAME,
            )
        )
    if phone is None:
        refusals.append(
            Refusal(
                Reason.INVALID_PHONE,
                "phone",
                "This is not a valid mobile number.",
                "a mobile number, best with its country code, such as +919876543210",
            )
        )
    if refusals or phone is None or terms.constituency is None or terms.notice_hash is None:
        return tuple(refusals)
    return Eligible(name, phone, terms.constituency, terms.segment, terms.people_per_phone, terms.notice_hash)


def _objections(
    application: Terms, rules: Rules, notice: Notice, replaced: Notice | None
) -> Iterator[Refusal]:
    yield from _consent_objections(application.consent, notice, replaced)
    if not application.adult:
        yield Refusal(
            Reason.MINOR,
            "adult",
            "Only people who declare that they are of age can be enrolled.",
            f"true: the person is at least {rules.minimum_age} years old",
        )
    if application.party_member:
        yield Refusal(
            Reason.PARTY_MEMBER,
            "party_member",
            "Members of a political party cannot be enrolled.",
            "false: the person declares to belong to no party",
        )
    if application.basis not in rules.bases:
        yield Refusal(
            Reason.UNSUPPORTED_BASIS,
            "basis",
            "This campaign does not enrol on this basis.",
            f"one of {', '.join(sorted(rules.bases))}",
        )
    if application.schemes and not rules.schemes.issuperset(application.schemes):
        yield Refusal(
            Reason.UNKNOWN_SCHEME,
            "schemes",
            "A scheme is not one of this campaign.",
            f"codes among {', '.join(sorted(rules.schemes))}",
        )


def _consent_objections(
    consent: Consent | None, notice: Notice, replaced: Notice | None
) -> Iterator[Refusal]:
    if consent is None or not consent.given:
        yield Refusal(
            Reason.CONSENT_MISSING,
            "consent.given" if consent else "consent",
            "Nobody is enrolled without consent.",
            "true: the person was shown the notice and agreed",
        )
    elif consent.notice_version != notice.version:
        yield Refusal(
            Reason.OUTDATED_NOTICE,
            "consent.notice_version",
            _why_outdated(replaced),
            notice.version,
        )
    elif consent.language not in notice.hashes:
        yield Refusal(
            Reason.UNKNOWN_LANGUAGE,
            "consent.language",
            "The notice does not exist in this language.",
            f"one of {', '.join(sorted(notice.hashes))}",
        )
    elif consent.notice_hash not in {None, notice.hashes[consent.language].hex()}:
        yield Refusal(
            Reason.NOTICE_DIFFERS,
            "consent.notice_hash",
            "The person was shown another text than that of the notice in this version and language.",
            f"{notice.hashes[consent.language].hex()}, the SHA-256 of the notice in UTF-8; show it anew",
        )


def _why_outdated(replaced: Notice | None) -> str:
    if replaced is None or replaced.replaced_on is None:
        return "The person did not agree to the notice in force."
    taken = f" and was taken until {replaced.taken_until:%d-%m-%Y}" if replaced.taken_until else ""
    return (
        f"The notice {replaced.version} was replaced on {replaced.replaced_on:%d-%m-%Y}{taken}: "
        "show the person the one in force and ask again; the rest may stay as it is."
    )
