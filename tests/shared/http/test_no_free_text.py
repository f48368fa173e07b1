"""Nobody writes about a person in words of their own: where a request can hold words, it is said here why."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DOCUMENTS = Path(__file__).parents[3] / "docs" / "openapi"
SENTENCE = "Asha is a Hindu and votes for the party"
FORMATS = {"uuid", "uuid4", "date", "date-time", "time"}

A_NAME = "the rules of names: letters, at most 8 words"
A_PHONE = "a phone number, or refused"
OF_CAMPAIGN = "refused unless the definition of the campaign in force has it"
SECRET = "a secret: compared with what is kept, and kept as a hash, if at all"
LOGIN = "a phone or an e-mail address, or refused"
DEFINITION = "the definition of a campaign is public, written by operators, and about no person"
TO_EVERYBODY = "one text for everybody in an area, approved as it was seen; nothing is put in for a person"
READ_AS_CODE = "read as the code of a certificate, or told to be unreadable; not kept"

EXCEPTIONS = {
    "enrolment": {
        "GrievanceBrought.text": "the one text about a person, by the person; sealed, and erased with them",
        "EnrolmentRequest.name": A_NAME,
        "CorrectionAsked.name": A_NAME,
        "Nomination.name": A_NAME,
        "AcceptanceRequest.name": A_NAME,
        "EnrolmentRequest.phone": A_PHONE,
        "Nomination.phone": A_PHONE,
        "EnrolmentRequest.segment": OF_CAMPAIGN,
        "EnrolmentRequest.schemes": OF_CAMPAIGN,
        "CorrectionAsked.schemes": OF_CAMPAIGN,
        "ConsentGiven.notice_version": OF_CAMPAIGN,
        "ConsentGiven.language": OF_CAMPAIGN,
        "ContactMade.round": OF_CAMPAIGN,
        "OpinionSheet.round": OF_CAMPAIGN,
        "OpinionSheet.segment": OF_CAMPAIGN,
        "OpinionSheet.answers": OF_CAMPAIGN,
        "OpinionSheet.answers (keys)": OF_CAMPAIGN,
        "NewBroadcast.area": OF_CAMPAIGN,
        "RegistrationEntry.campaign": "refused unless there is such a campaign",
        "post /v1/imports": "a sheet: its cells are read by the rules of the fields, and forgotten",
        "ImportMapping.values": "what a cell would say, read by the same rules",
        "put /v1/mitras/{mitra_id}/paper": "the photo of a signed paper; sealed, erased with the person",
        "BroadcastTexts.en": TO_EVERYBODY,
        "BroadcastTexts.hi": TO_EVERYBODY,
        "BroadcastTexts.ur": TO_EVERYBODY,
        "AcceptanceRequest.login": LOGIN,
        "SignInRequest.login": LOGIN,
        "AcceptanceRequest.password": SECRET,
        "AcceptanceRequest.secret": SECRET,
        "SignInRequest.password": SECRET,
        "SignInRequest.code": SECRET,
        "PasswordChange.current": SECRET,
        "PasswordChange.new": SECRET,
        "PasswordProof.password": SECRET,
        "AuthenticatorProof.code": SECRET,
        "RefreshRequest.refresh_token": SECRET,
        "Device.name": "what a browser calls the phone of a member of staff; goes with the session",
        "Names.en": DEFINITION,
        "Names.hi": DEFINITION,
        "Names.ur": DEFINITION,
        "Area.parent": DEFINITION,
        "Boundaries.source": DEFINITION,
        "ConsentNotice.text": DEFINITION,
        "Goal.area": DEFINITION,
        "Goal.source": DEFINITION,
    },
    "certificates": {
        "CorrectionAsked.holder_name": A_NAME,
        "ReportAsked.topics (keys)": OF_CAMPAIGN,
        "ReprintAsked.numbers": "read as the number of a certificate, or refused",
        "HandOverRecord.code": READ_AS_CODE,
        "CredentialGiven.credential": READ_AS_CODE,
        "CredentialGiven.credential (keys)": READ_AS_CODE,
    },
    "reporting": {
        "NewWebhook.area": OF_CAMPAIGN,
        "NewWebhook.url": "an address, looked up before it is taken",
        "NewWebhook.description": "what the receiver is called; reporting knows no person it could be about",
    },
}


def text_fields(service: str) -> set[str]:
    """Where a request can hold a sentence, as `Model.field`."""
    document = json.loads((DOCUMENTS / f"{service}.json").read_text(encoding="utf-8"))
    models = document["components"]["schemas"]
    seen: set[str] = set()

    def walk(schema: dict[str, Any], place: str) -> Iterator[str]:
        if "$ref" in schema:
            model = schema["$ref"].rpartition("/")[2]
            if model not in seen:
                seen.add(model)
                yield from walk(models[model], model)
            return
        parts = [part for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())]
        for part in parts:
            yield from walk(part, place)
        if takes_a_sentence(schema) and not parts:
            yield place
        for each in ([schema["items"]] if "items" in schema else []) + schema.get("prefixItems", []):
            yield from walk(each, place)
        for name, part in schema.get("properties", {}).items():
            yield from walk(part, f"{place}.{name}")
        others = schema.get("additionalProperties", "properties" not in schema)
        if schema.get("type") == "object" and others is not False:
            yield from walk({} if others is True else others, place)
            yield from walk(schema.get("propertyNames", {"type": "string"}), f"{place} (keys)")

    return {
        field
        for path, methods in document["paths"].items()
        for method, route in methods.items()
        for content in route.get("requestBody", {}).get("content", {}).values()
        for field in walk(content["schema"], f"{method} {path}")
    }


def takes_a_sentence(schema: dict[str, Any]) -> bool:
    """Whether a schema that is not made of others lets any text be written."""
    if schema.get("type", "string") != "string" or schema.keys() & {"enum", "const"}:
        return False
    if "pattern" in schema:
        return re.search(schema["pattern"], SENTENCE) is not None
    return schema.get("format") not in FORMATS


@pytest.mark.parametrize("service", EXCEPTIONS)
def test_a_request_holds_no_text_of_ones_own_but_where_it_is_said_why(service: str) -> None:
    assert text_fields(service) == EXCEPTIONS[service].keys()
