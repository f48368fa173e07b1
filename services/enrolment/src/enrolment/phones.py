"""Phone numbers as people write them, to E.164: valid and able to receive messages, or nothing.

The verdict is that of the `phonenumbers` library. Numbers in canonical Indian form (`+91` and the national
number, no blanks) are matched against the library's own metadata directly, which is some 20 times faster; a
property test holds both ways to the same verdict.
"""

import re
from typing import Final

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumberDesc,
    PhoneNumberFormat,
    PhoneNumberType,
)

REGION: Final = "IN"
"""Where a number without country code is assumed to be."""

LONGEST_PHONE: Final = 40
"""Characters; the library would search longer texts for a number."""

_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def _canonical_mobile() -> re.Pattern[str]:
    """`+91` and what the metadata calls mobile, unless a kind that the library looks for earlier matches."""
    metadata = PhoneMetadata.metadata_for_region(REGION)
    if metadata is None or metadata.mobile is None or metadata.general_desc is None:
        raise LookupError(f"phonenumbers has no metadata for {REGION}")
    earlier = (
        metadata.premium_rate, metadata.toll_free, metadata.shared_cost, metadata.voip,
        metadata.personal_number, metadata.pager, metadata.uan, metadata.voicemail,
    )  # fmt: skip
    not_earlier = "".join(f"(?!{_of_length(desc)}$)" for desc in earlier if desc is not None)
    general, mobile = _of_length(metadata.general_desc), _of_length(metadata.mobile)
    return re.compile(rf"\+91{not_earlier}(?={general}$){mobile}", re.ASCII)


def _of_length(desc: PhoneNumberDesc) -> str:
    if not desc.national_number_pattern:
        return "(?!)"
    lengths = desc.possible_length or ()
    has_length = "|".join(rf"\d{{{length}}}" for length in lengths)
    bounded = f"(?=(?:{has_length})$)" if lengths else ""
    return f"{bounded}(?:{desc.national_number_pattern})"


_CANONICAL: Final = _canonical_mobile()


def normalise_phone(raw: str) -> str | None:
    """`raw` in E.164 form, or None if it is not a valid number that can receive messages."""
    if _CANONICAL.fullmatch(raw):
        return raw
    return normalise_by_library(raw)


def normalise_by_library(raw: str) -> str | None:
    """The same verdict, always by parsing. About 30 microseconds."""
    if len(raw) > LONGEST_PHONE:
        return None
    try:
        number = phonenumbers.parse(raw, REGION)
    except NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.number_type(number) not in _MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
