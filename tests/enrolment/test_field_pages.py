"""The files of the field app, and the definition that it keeps, as they are served."""

import json

import pytest

from tests.enrolment.intake_api import IntakeApi, token
from tests.factories import small_campaign


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/field/", "text/html; charset=utf-8"),
        ("/field/app.js", "text/javascript; charset=utf-8"),
        ("/field/words/ur.js", "text/javascript; charset=utf-8"),
        ("/field/manifest.webmanifest", "application/manifest+json"),
    ],
)
async def test_the_app_is_served_zipped_under_a_strict_policy_and_asked_for_again_for_little(
    api: IntakeApi, path: str, kind: str
) -> None:
    answer = await api.client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    again = await api.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_app_begins_at_its_folder_and_has_no_other_files(api: IntakeApi) -> None:
    assert (await api.client.get("/field")).headers["Location"] == "/field/"
    for path in ("/field/page.html", "/field/../settings.py", "/field/words", "/field/%2e%2e/pages.py"):
        assert (await api.client.get(path)).status_code == 404


async def test_the_service_worker_is_told_what_to_keep(api: IntakeApi) -> None:
    worker = (await api.client.get("/field/worker.js")).text
    kept = json.loads(worker.split("JSON.parse('")[1].split("'")[0])
    assert "/field/" in kept
    assert "/field/worker.js" not in kept
    for path in kept:
        assert (await api.client.get(path)).status_code == 200
    assert "{{" not in worker


async def test_a_definition_is_zipped_and_not_sent_again_while_it_is_in_force(api: IntakeApi) -> None:
    first = await api.get("/v1/campaigns/small")
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.json()["id"] == "small"
    known = {"If-None-Match": first.headers["ETag"], "Authorization": f"Bearer {token()}"}
    assert (await api.client.get("/v1/campaigns/small", headers=known)).status_code == 304
    await api.load(small_campaign(2))
    assert (await api.client.get("/v1/campaigns/small", headers=known)).json()["version"] == 2
