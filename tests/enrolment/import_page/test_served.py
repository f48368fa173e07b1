"""The page of imports as it is served, and its words in three languages."""

import re

import pytest
from playwright.async_api import Page

from enrolment.domain.importing import Field, Outcome, State
from enrolment.import_page.pages import STATIC
from enrolment.imports.complaints import OF_FILE, WORDING
from enrolment.staff_pages import DESK
from enrolment.staff_pages import STATIC as STAFF_STATIC
from tests.enrolment.field.site import served
from tests.enrolment.field.test_seeing import LANGUAGES
from tests.enrolment.intake_api import IntakeApi


async def test_every_language_says_everything(api: IntakeApi, page: Page) -> None:
    async with served(api.app) as url:
        await page.goto(f"{url}/imports/")
        await says_everything(page)


async def says_everything(page: Page) -> None:
    for part in ("words", "causes"):
        script = f"(language) => import(`/imports/{part}/${{language}}.js`).then((found) => found.{part})"
        said = {language: await page.evaluate(script, language) for language in LANGUAGES}
        for language in ("hi", "ur"):
            assert list(said[language]) == list(said["en"])
            for key, english in said["en"].items():
                assert blanks(said[language][key]) == blanks(english), (language, key)
        if part == "causes":
            every = {str(code): [told.message, told.cure] for code, told in {**WORDING, **OF_FILE}.items()}
            assert said["en"] == every
        else:
            used = await page.locator("[data-say]").evaluate_all("all => all.map((one) => one.dataset.say)")
            told = {f"field_{field}" for field in Field} | {f"holds_{field}" for field in Field}
            told |= {f"state_{state}" for state in State} | {f"outcome_{outcome}" for outcome in Outcome}
            code = "".join(
                path.read_text() for folder in (STATIC, STAFF_STATIC, DESK) for path in folder.glob("*.js")
            )
            told |= set(re.findall(r'\bsay\("(\w+)"', code))
            assert {*used, *told} <= set(said["en"])


def blanks(said: str | list[str]) -> list[str]:
    return sorted(re.findall(r"{\w+}", " ".join([said] if isinstance(said, str) else said)))


@pytest.mark.parametrize("path", ["", "app.js", "net.js", "staff.css", "causes/ur.js"])
async def test_the_page_is_served_under_a_strict_policy(api: IntakeApi, path: str) -> None:
    answer = await api.client.get(f"/imports/{path}")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["Permissions-Policy"].startswith("camera=()")
    again = await api.client.get(f"/imports/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


async def test_nothing_else_is_served_and_no_worker_keeps_the_page(api: IntakeApi) -> None:
    assert (await api.client.get("/imports")).headers["Location"] == "/imports/"
    for path in (
        "page.html",
        "worker.js",
        "certificate/verify.js",
        "fragments/header.html",
        "%2e%2e/pages.py",
    ):
        assert (await api.client.get(f"/imports/{path}")).status_code == 404
    assert "{{" not in (await api.client.get("/imports/")).text
