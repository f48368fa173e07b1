"""A certificate over HTTP in each of its forms, verified there, and gone once its holder withdrew."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import httpx
import pypdfium2
import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.commands.publish_status_lists import publish_status_list
from certificates.issuer import Issuer
from certificates.wire import certificate_id_of
from mitra_shared.credential.encoding import base32
from mitra_shared.credential.status_list import read_status_list
from mitra_shared.credential.trust import TrustedKeys
from mitra_shared.credential.verify import Outcome, verify
from mitra_shared.log import unit_of_work
from tests.certificates.certificates_api import api_client, bearer
from tests.certificates.conftest import Look
from tests.certificates.enrolment_log import KEY, EnrolmentLog, mitra
from tests.certificates.issuing import PUBLIC_URL, enrol, issuer_in, sign

NAME = "नगमा परवीन"


class Town(NamedTuple):
    """A signed certificate of Mitra 1, the API, and what made both."""

    api: httpx.AsyncClient
    log: EnrolmentLog
    issuer: Issuer
    engine: AsyncEngine
    credential: UUID

    @property
    def of_staff(self) -> str:
        return f"/v1/certificates/{certificate_id_of(mitra(1), KEY)}"

    @property
    def public(self) -> str:
        return f"/v1/credentials/{self.credential}"

    async def withdraw(self) -> None:
        self.log.withdrew(1)
        await self.log.deliver(self.engine)
        await sign(self.engine, self.issuer)


@pytest_asyncio.fixture
async def town(
    log: EnrolmentLog, certificates_engine: AsyncEngine, look: Look, tmp_path: Path
) -> AsyncIterator[Town]:
    issuer = issuer_in(tmp_path)
    log.defined()
    enrol(log, 1, NAME)
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    ((credential,),) = await look("select id from credential")
    async with api_client(certificates_engine, issuer, tmp_path, verifications_a_minute=20) as api:
        yield Town(api, log, issuer, certificates_engine, UUID(str(credential)))


async def publish(town: Town, now: datetime) -> None:
    async with unit_of_work(town.engine) as unit:
        assert await publish_status_list(unit, town.issuer, now)


def slug(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).removeprefix("urn:mitra:problem:")


@pytest.mark.parametrize("staff", [False, True], ids=["holder", "staff"])
async def test_each_form_is_had_by_its_media_type_and_by_name(town: Town, *, staff: bool) -> None:
    path, headers = (town.of_staff, bearer()) if staff else (town.public, {})
    for form, media_type in {
        "jwt": "application/vc+jwt",
        "cose": "application/cose",
        "jsonld": "application/ld+json",
        "html": "text/html; charset=utf-8",
        "pdf": "application/pdf",
        "png": "image/png",
    }.items():
        by_name = await town.api.get(path, params={"format": form}, headers=headers)
        by_type = await town.api.get(path, headers={**headers, "Accept": media_type.partition(";")[0]})
        assert by_name.status_code == by_type.status_code == 200, by_name.text
        assert by_name.headers["content-type"] == by_type.headers["content-type"] == media_type
        assert by_name.headers["cache-control"] == "private, no-store"
        assert by_name.headers["vary"] == "Accept"


async def test_staff_see_a_name_only_once_that_is_on_record(town: Town, look: Look) -> None:
    await town.api.get(town.of_staff, headers=bearer())
    await town.api.get(town.public, params={"format": "jwt"})
    assert await look("select * from access_record") == []
    await town.api.get(town.of_staff, params={"format": "jwt"}, headers=bearer())
    assert await look("select actor, role, purpose, subject, fields from access_record") == [
        ("somebody", "in_charge", "certificate", mitra(1), ["name"])
    ]
    await town.api.get(town.of_staff, params={"format": "jwt"}, headers=bearer(area="S24-PC07"))
    assert len(await look("select * from access_record")) == 1


async def test_nothing_is_shown_that_cannot_be_put_on_record(town: Town) -> None:
    async with town.engine.begin() as connection:
        await connection.execute(text("drop table access_record"))
    answer = await town.api.get(town.of_staff, params={"format": "html"}, headers=bearer())
    assert answer.status_code == 503
    assert NAME not in answer.text


async def test_what_is_signed_verifies_with_the_keys_that_are_served(town: Town) -> None:
    trusted = TrustedKeys.from_json((await town.api.get("/.well-known/did.json")).text)
    by_jwks = TrustedKeys.from_json((await town.api.get("/v1/issuer/jwks.json")).text, PUBLIC_URL)
    for form in ("jwt", "cose", "jsonld"):
        content = (await town.api.get(town.public, params={"format": form})).content
        for keys in (trusted, by_jwks):
            verdict = verify(content, keys)
            assert verdict.outcome is Outcome.VALID
            assert verdict.says is not None
            assert verdict.says.holder_name == NAME


async def test_the_pdf_carries_the_name_and_a_code_that_verifies(town: Town) -> None:
    pdf = pypdfium2.PdfDocument((await town.api.get(town.public, params={"format": "pdf"})).content)
    assert len(pdf) == 1
    assert NAME in pdf[0].get_textpage().get_text_bounded()
    picture = pdf[0].render(scale=200 / 72).to_pil()
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text.startswith(f"{PUBLIC_URL}/v#")
    assert verify(code.text, town.issuer.trusted()).outcome is Outcome.VALID


async def test_the_picture_is_one_and_is_kept_out_of_reach_on_disk(town: Town, tmp_path: Path) -> None:
    first = (await town.api.get(town.public, params={"format": "png"})).content
    again = (await town.api.get(town.public, params={"format": "png"})).content
    assert first == again
    assert Image.open(BytesIO(first)).width == 1_600
    kept = [file.read_bytes() for file in (tmp_path / "renderings").rglob("*") if file.is_file()]
    assert kept
    assert not [content for content in kept if first[:64] in content or b"PNG" in content[:64]]


async def test_the_page_shows_the_certificate_as_text_and_runs_no_script(town: Town) -> None:
    page = await town.api.get(town.public, params={"lang": "ur"}, headers={"Accept": "text/html,*/*;q=0.1"})
    assert 'dir="rtl"' in page.text
    assert NAME in page.text
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


async def test_staff_are_told_the_state_unless_they_ask_for_more(town: Town) -> None:
    told = (await town.api.get(town.of_staff, headers=bearer())).json()
    assert told["credential_id"] == str(town.credential)
    assert NAME not in json.dumps(told, ensure_ascii=False)
    elsewhere = await town.api.get(town.of_staff, params={"format": "pdf"}, headers=bearer(area="S24-PC01"))
    assert slug(elsewhere) == "certificate-unknown"
    assert (await town.api.get(town.of_staff, params={"format": "pdf"})).status_code == 401


async def test_a_form_that_there_is_not_is_refused_with_those_there_are(town: Town) -> None:
    answer = await town.api.get(town.public, headers={"Accept": "application/msword"})
    assert (answer.status_code, slug(answer)) == (406, "not-acceptable")
    assert "application/pdf" in answer.json()["available"]
    state = await town.api.get(town.public, params={"format": "json"})
    assert (state.status_code, slug(state)) == (406, "not-acceptable")


async def test_neither_a_certificate_id_nor_a_mitra_id_opens_a_credential(town: Town) -> None:
    for known in (certificate_id_of(mitra(1), KEY), mitra(1), uuid4()):
        answer = await town.api.get(f"/v1/credentials/{known}")
        assert (answer.status_code, slug(answer)) == (404, "certificate-unknown")


async def test_a_withdrawn_certificate_is_gone_in_every_form(town: Town) -> None:
    token = (await town.api.get(town.public, params={"format": "jwt"})).text
    await publish(town, datetime.now(UTC))
    before = await town.api.get("/v1/status-lists/0")
    await town.withdraw()
    await publish(town, datetime.now(UTC) + timedelta(seconds=1))
    for form in ("html", "pdf", "png", "jsonld", "jwt", "cose"):
        answer = await town.api.get(town.public, params={"format": form})
        assert (answer.status_code, slug(answer)) == (410, "certificate-revoked")
        staff = await town.api.get(town.of_staff, params={"format": form}, headers=bearer())
        assert (staff.status_code, slug(staff)) == (410, "certificate-revoked")
    verdict = (await town.api.post("/v1/verify", json={"credential": token})).json()
    assert verdict["outcome"] == "revoked"
    after = await town.api.get("/v1/status-lists/0", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert verify(
        token, town.issuer.trusted(), read_status_list(after.text, town.issuer.trusted())
    ).outcome is (Outcome.REVOKED)


async def test_a_list_that_did_not_change_is_not_sent_again(town: Town) -> None:
    assert slug(await town.api.get("/v1/status-lists/0")) == "status-list-unknown"
    await publish(town, datetime.now(UTC))
    first = await town.api.get("/v1/status-lists/0")
    assert first.headers["content-type"] == "application/vc+jwt"
    assert first.headers["cache-control"] == "public, max-age=60"
    again = await town.api.get("/v1/status-lists/0", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_machines_are_told_what_a_certificate_says_and_nothing_of_a_forged_one(town: Town) -> None:
    forms = {
        form: (await town.api.get(town.public, params={"format": form})) for form in ("jwt", "cose", "jsonld")
    }
    for given in (forms["jwt"].text, base32(forms["cose"].content), forms["jsonld"].json()):
        verdict = (await town.api.post("/v1/verify", json={"credential": given})).json()
        assert verdict["outcome"] == "valid"
        assert verdict["certificate"]["holder_name"] == NAME
    head, body, tail = forms["jwt"].text.split(".")
    forged = ".".join((head, body, tail[:-6] + ("AAAAAA" if tail[-6:] != "AAAAAA" else "BBBBBB")))
    verdict = (await town.api.post("/v1/verify", json={"credential": forged})).json()
    assert verdict["outcome"] in {"altered", "unreadable"}
    assert verdict["certificate"] is None


async def test_verification_is_bounded_in_size_and_rate(town: Town) -> None:
    oversized = await town.api.post("/v1/verify", json={"credential": "A" * 70_000})
    assert slug(oversized) == "invalid-request"
    answers = [await town.api.post("/v1/verify", json={"credential": "S11-AC017-0001"}) for _ in range(21)]
    assert {answer.json()["outcome"] for answer in answers[:20]} == {"unreadable"}
    assert (answers[20].status_code, slug(answers[20])) == (429, "too-many-requests")
    assert int(answers[20].headers["retry-after"]) >= 1


async def test_issued_and_not_yet_signed_is_said_with_when_to_ask_again(town: Town) -> None:
    enrol(town.log, 2, "Somebody")
    await town.log.deliver(town.engine)
    path = f"/v1/certificates/{certificate_id_of(mitra(2), KEY)}"
    answer = await town.api.get(path, params={"format": "pdf"}, headers=bearer())
    assert (answer.status_code, slug(answer)) == (503, "certificate-unsigned")
    assert answer.headers["retry-after"] == "1"
