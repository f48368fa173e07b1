"""Examples of the OpenAPI document."""

from typing import Any, Final

_PERSON: Final[dict[str, Any]] = {
    "name": "आयशा बेगम",
    "phone": "+919876543210",
    "segment": "S11-AC019",
    "basis": "beneficiary",
    "schemes": ["PMAY-G", "PMUY"],
    "language": "hi",
    "adult": True,
    "party_member": False,
    "consent": {"given": True, "notice_version": "2026-11", "language": "hi"},
}
_ADMIRER: Final[dict[str, Any]] = {
    "name": "Joseph Kurian",
    "phone": "98765 43211",
    "segment": "S11-AC019",
    "basis": "admirer",
    "adult": True,
    "party_member": False,
    "consent": {"given": True, "notice_version": "2026-11", "language": "en"},
}

ENROLMENT_EXAMPLES: Final[dict[str, Any]] = {
    "beneficiary": {"summary": "Somebody who has received schemes", "value": _PERSON},
    "admirer": {"summary": "Somebody who says no scheme", "value": _ADMIRER},
}
BATCH_EXAMPLES: Final[dict[str, Any]] = {
    "sync": {
        "summary": "A phone that was offline",
        "value": {
            "enrolments": [
                {"idempotency_key": "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b", "enrolment": _PERSON},
                {"idempotency_key": "0193e2f0-6d3d-7a02-8d1f-5b6c7d8e9f01", "enrolment": _ADMIRER},
            ]
        },
    }
}
DEVICE_EXAMPLES: Final[dict[str, Any]] = {
    "records": {
        "summary": "Two records that waited, of 42 that the device ever made",
        "value": {
            "highest": 42,
            "records": [
                {
                    "number": 41,
                    "idempotency_key": "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b",
                    "enrolment": _PERSON,
                },
                {
                    "number": 42,
                    "idempotency_key": "0193e2f0-6d3d-7a02-8d1f-5b6c7d8e9f01",
                    "enrolment": _ADMIRER,
                },
            ],
        },
    },
    "nothing": {
        "summary": "Nothing waits; a receipt is asked for",
        "value": {"highest": 42, "records": []},
    },
}
OPINION_EXAMPLES: Final[dict[str, Any]] = {
    "sheet": {
        "summary": "One sheet of the first round",
        "value": {
            "submission_id": "5f0c6a3e-7f7c-4b0e-9d3a-2c1b0a9f8e7d",
            "round": "round-1",
            "segment": "S11-AC019",
            "answers": {
                "most-useful-scheme": "housing",
                "local-needs": ["drinking-water", "roads"],
                "office-help": 4,
            },
        },
    }
}
CONTACT_EXAMPLES: Final[dict[str, Any]] = {
    "contacts": {
        "summary": "One person was reached, another is to be called again",
        "value": {
            "contacts": [
                {
                    "contact_id": "8d6f2a41-0c5e-4f7b-9a3d-6e1b2c3d4e5f",
                    "mitra_id": "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b",
                    "round": "round-1",
                    "day": "2026-11-28",
                    "outcome": "reached",
                    "preferred_time": "evening",
                },
                {
                    "contact_id": "1b7c9e52-3a4d-4c6e-8f10-2d3e4f5a6b7c",
                    "mitra_id": "0193e2f0-6d3d-7a02-8d1f-5b6c7d8e9f01",
                    "round": "round-1",
                    "day": "2026-11-28",
                    "outcome": "call_later",
                    "call_on": "2026-12-02",
                },
            ]
        },
    }
}
