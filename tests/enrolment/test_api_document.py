"""The OpenAPI document: committed, complete, and true; a client in TypeScript is made from it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from enrolment.campaigns import rules_of
from enrolment.contact_schemas import ContactBatch
from enrolment.domain.opinions import check_sheet
from enrolment.openapi import openapi_text
from enrolment.schemas import BatchOutcomes, EnrolmentBatch, EnrolmentRequest, OpinionSheet
from mitra_shared.campaign.check import load_definition
from mitra_shared.http.app import JWKS_PATH
from mitra_shared.ids import AreaCode

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "openapi" / "enrolment.json"
TYPESCRIPT = Path(__file__).parent / "typescript"

OF_RIGHTS = {"401", "403", "404", "409", "422", "429", "500", "503"}
ROUTES = {
    ("post", "/v1/enrolments"): {
        "201", "400", "401", "403", "409", "410", "413", "415", "422", "429", "500", "503",
    },
    ("post", "/v1/enrolments/batch"): {"200", "400", "401", "403", "409", "413", "415", "422", "500", "503"},
    ("post", "/v1/imports"): {"202", "401", "403", "409", "413", "422", "500", "503"},
    ("get", "/v1/imports"): {"200", "401", "403", "409", "500", "503"},
    ("get", "/v1/imports/template.csv"): {"200", "401", "403", "409", "500", "503"},
    ("get", "/v1/imports/{import_id}"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("get", "/v1/imports/{import_id}/rows"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("get", "/v1/imports/{import_id}/result.csv"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("put", "/v1/imports/{import_id}/mapping"): {"202", "401", "403", "404", "409", "422", "500", "503"},
    ("post", "/v1/imports/{import_id}/accept"): {"202", "401", "403", "404", "409", "422", "500", "503"},
    ("delete", "/v1/imports/{import_id}"): {"204", "401", "403", "404", "409", "422", "500", "503"},
    ("put", "/v1/outreach/{day}/{segment}"): {
        "200", "400", "401", "403", "409", "413", "415", "422", "500", "503",
    },
    ("get", "/v1/outreach"): {"200", "401", "403", "409", "422", "500", "503"},
    ("get", "/v1/mitras/{mitra_id}"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("post", "/v1/mitras/{mitra_id}/look"): {"200", "401", "403", "404", "409", "422", "429", "500", "503"},
    ("put", "/v1/mitras/{mitra_id}/paper"): {
        "200", "401", "403", "404", "409", "413", "415", "422", "500", "503",
    },
    ("get", "/v1/mitras/{mitra_id}/paper"): {"200", "401", "403", "404", "409", "422", "429", "500", "503"},
    ("post", "/v1/mitras/{mitra_id}/withdrawal"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("post", "/v1/mitras/{mitra_id}/messages-off"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("post", "/v1/mitras/{mitra_id}/erasure"): {"202", "401", "403", "404", "409", "422", "500", "503"},
    ("get", "/v1/mitras/{mitra_id}/erasure"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("post", "/v1/receipts/{receipt}/codes"): {"202", *OF_RIGHTS},
    ("post", "/v1/receipts/{receipt}/sessions"): {"201", *OF_RIGHTS},
    ("delete", "/v1/receipts/{receipt}/sessions/current"): {"204", *OF_RIGHTS},
    ("get", "/v1/receipts/{receipt}"): {"200", *OF_RIGHTS},
    ("post", "/v1/receipts/{receipt}/withdrawal"): {"200", *OF_RIGHTS},
    ("post", "/v1/receipts/{receipt}/corrections"): {"201", *OF_RIGHTS},
    ("post", "/v1/receipts/{receipt}/grievances"): {"201", *OF_RIGHTS},
    ("post", "/v1/receipts/{receipt}/erasure"): {"200", *OF_RIGHTS},
    ("put", "/v1/receipts/{receipt}/messages"): {"200", *OF_RIGHTS},
    ("put", "/v1/receipts/{receipt}/nominee"): {"204", *OF_RIGHTS},
    ("get", "/v1/requests"): {"200", "401", "403", "409", "422", "500", "503"},
    ("get", "/v1/requests/{request_id}"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("post", "/v1/requests/{request_id}/answer"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("get", "/v1/likely-duplicates"): {"200", "401", "403", "409", "422", "500", "503"},
    ("post", "/v1/likely-duplicates/{pair_id}/look"): {
        "200", "401", "403", "404", "409", "422", "429", "500", "503",
    },
    ("post", "/v1/likely-duplicates/{pair_id}/decision"): {
        "200", "401", "403", "404", "409", "422", "500", "503",
    },
    ("post", "/v1/broadcasts"): {"201", "400", "401", "403", "409", "413", "415", "422", "500", "503"},
    ("get", "/v1/broadcasts"): {"200", "401", "403", "409", "500", "503"},
    ("get", "/v1/broadcasts/{broadcast_id}"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("post", "/v1/broadcasts/{broadcast_id}/approval"): {
        "200", "401", "403", "404", "409", "413", "415", "422", "500", "503",
    },
    ("post", "/v1/broadcasts/{broadcast_id}/cancellation"): {
        "200", "401", "403", "404", "409", "422", "500", "503",
    },
    ("get", "/v1/data-protection"): {"200", "401", "403", "409", "500", "503"},
    ("get", "/v1/rounds/{round}/due"): {"200", "401", "403", "409", "422", "500", "503"},
    ("post", "/v1/rounds/{round}/calls"): {
        "200", "400", "401", "403", "409", "413", "415", "422", "429", "500", "503",
    },
    ("get", "/v1/rounds/{round}/progress"): {"200", "401", "403", "409", "422", "500", "503"},
    ("post", "/v1/contacts"): {"200", "400", "401", "403", "409", "413", "415", "422", "500", "503"},
    ("post", "/v1/care"): {"200", "400", "401", "403", "409", "413", "415", "422", "500", "503"},
    ("get", "/v1/devices"): {"200", "401", "403", "409", "422", "500", "503"},
    ("get", "/v1/devices/{device_id}"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("post", "/v1/devices/{device_id}/records"): {
        "200", "400", "401", "403", "409", "413", "415", "422", "500", "503",
    },
    ("post", "/v1/opinions"): {"202", "400", "401", "403", "409", "413", "415", "422", "500", "503"},
    ("put", "/v1/campaigns/{campaign_id}"): {
        "200", "400", "401", "403", "404", "409", "413", "415", "422", "500", "503",
    },
    ("get", "/v1/campaigns/{campaign_id}"): {"200", "401", "403", "404", "422", "500", "503"},
    ("get", "/.well-known/jwks.json"): {"200"},
    ("get", "/v1/log/{topic}/{partition}"): {"200", "401", "403", "404", "409", "422", "500", "503"},
    ("get", "/v1/staff/invitations"): {"200", "401", "403", "409"},
    ("post", "/v1/staff/invitations"): {"201", "401", "403", "409", "413", "415", "422"},
    ("delete", "/v1/staff/invitations/{invitation_id}"): {"204", "401", "403", "404", "409", "422"},
    ("post", "/v1/staff/invitations/accept"): {"201", "404", "409", "413", "415", "422", "503"},
    ("get", "/v1/staff"): {"200", "401", "403", "409", "422"},
    ("put", "/v1/staff"): {"200", "401", "403", "409", "413", "415", "422"},
    ("post", "/v1/staff/{staff_id}/suspension"): {"204", "401", "403", "404", "409"},
    ("delete", "/v1/staff/{staff_id}/suspension"): {"204", "401", "403", "404", "409"},
    ("post", "/v1/staff/{staff_id}/hand-over"): {"200", "401", "403", "404", "409", "413", "415", "422"},
    ("post", "/v1/staff/{staff_id}/erasure"): {"204", "401", "403", "404", "409"},
    ("get", "/v1/sessions"): {"200", "401", "403"},
    ("post", "/v1/sessions"): {"201", "401", "403", "413", "415", "422", "429", "503"},
    ("post", "/v1/sessions/refresh"): {"200", "401", "409", "413", "415", "422"},
    ("delete", "/v1/sessions/current"): {"204", "401", "403"},
    ("delete", "/v1/sessions/{session_id}"): {"204", "401", "403", "404"},
    ("get", "/v1/account"): {"200", "401", "403"},
    ("put", "/v1/account/password"): {"204", "401", "403", "413", "415", "422", "429", "503"},
    ("post", "/v1/account/authenticator"): {"201", "401", "403", "409", "413", "415", "422", "429"},
    ("post", "/v1/account/authenticator/confirmation"): {"200", "401", "403", "409", "413", "415", "422"},
    ("post", "/v1/account/authenticator/removal"): {"204", "401", "403", "413", "415", "422", "429"},
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(openapi_text())
    return document


def test_the_committed_document_is_that_of_the_code() -> None:
    assert COMMITTED.read_text("utf-8") == openapi_text(), (
        f"write it again: python -m enrolment openapi > {COMMITTED.relative_to(ROOT)}"
    )


def test_every_route_documents_all_its_answers(document: dict[str, Any]) -> None:
    found = {
        (method, path): route["responses"].keys()
        for path, methods in document["paths"].items()
        for method, route in methods.items()
    }
    assert found.keys() == ROUTES.keys()
    for route, statuses in ROUTES.items():
        assert statuses <= found[route], route


def test_every_error_is_a_problem_document(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for route in methods.values():
            for status, answer in route["responses"].items():
                if int(status) >= 400:
                    schema = answer["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}


FOR_EVERYBODY = {
    ("get", JWKS_PATH),
    ("post", "/v1/staff/invitations/accept"),
    ("post", "/v1/sessions"),
    ("post", "/v1/sessions/refresh"),
}


def test_every_route_but_those_to_sign_in_needs_a_token(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            free = (method, path) in FOR_EVERYBODY
            assert route.get("security") == (None if free else [{"bearer": []}]), path


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1/enrolments", EnrolmentRequest),
        ("/v1/enrolments/batch", EnrolmentBatch),
        ("/v1/opinions", OpinionSheet),
        ("/v1/contacts", ContactBatch),
    ],
)
def test_the_examples_fit_their_model(document: dict[str, Any], path: str, model: Any) -> None:
    examples = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert examples
    for example in examples.values():
        model.model_validate_json(json.dumps(example["value"]))


def test_the_example_of_an_opinion_answers_questions_of_the_campaign(document: dict[str, Any]) -> None:
    rules = rules_of(load_definition(ROOT / "campaigns" / "modi-mitra" / "campaign.toml"), {})
    body = document["paths"]["/v1/opinions"]["post"]["requestBody"]["content"]["application/json"]
    sheet = OpinionSheet.model_validate_json(json.dumps(body["examples"]["sheet"]["value"]))
    (of_the_field,) = document["components"]["schemas"]["OpinionSheet"]["properties"]["answers"]["examples"]
    assert of_the_field == body["examples"]["sheet"]["value"]["answers"]
    refusals = check_sheet(
        rules,
        round_id=sheet.round,
        segment=sheet.segment,
        answers=sheet.answers,
        area=rules.segments[AreaCode(sheet.segment)],
        today=rules.rounds[sheet.round].opens_on,
    )
    assert refusals == ()


def test_the_idempotency_key_is_documented(document: dict[str, Any]) -> None:
    (header,) = document["paths"]["/v1/enrolments"]["post"]["parameters"]
    assert (header["name"], header["in"], header["required"]) == ("Idempotency-Key", "header", True)
    assert BatchOutcomes.__name__ in document["components"]["schemas"]


def test_a_typescript_client_made_from_it_compiles(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None and "CI" not in os.environ:
        pytest.skip("needs node and npm")
    assert npm is not None
    client = tmp_path / "client"
    shutil.copytree(TYPESCRIPT, client, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy(COMMITTED, client / "enrolment.json")
    for command in (["ci", "--no-audit", "--no-fund"], ["run", "check"]):
        done = subprocess.run(
            [npm, *command], cwd=client, capture_output=True, text=True, timeout=150, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
