"""What the service answers for `/v` and below."""

import gzip
import json
import re

import httpx
import pytest

from certificates.verification.pages import SECURITY_HEADERS, read_pages
from tests.certificates.verification.site import Site

BUDGET = 60_000


def test_the_whole_page_is_small() -> None:
    assert sum(len(page.zipped or page.body) for page in read_pages().values()) < BUDGET


def test_the_worker_keeps_everything_but_itself_and_changes_with_any_file() -> None:
    pages = read_pages()
    worker = pages["/v/worker.js"].body.decode()
    found = re.search(r"JSON\.parse\('(.+)'\)", worker)
    assert found
    assert {*json.loads(found[1]), "/v/worker.js"} == set(pages)
    assert re.search(r'VERSION = "[0-9a-f]{16}"', worker)


def test_no_file_names_another_site() -> None:
    known = {"http://www.w3.org/2000/svg"}
    for path, page in read_pages().items():
        if not path.endswith(".png"):
            assert set(re.findall(r"https?://[^\s\"'`<>)\\]+", page.body.decode())) <= known, path


async def test_every_answer_has_the_headers_that_keep_others_out(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url) as client:
        for path in read_pages():
            answer = await client.get(path)
            assert answer.status_code == 200
            assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
            assert answer.headers["Cache-Control"] == "no-cache"
        assert "unsafe" not in SECURITY_HEADERS["Content-Security-Policy"]
        worker = await client.get("/v/worker.js")
        assert worker.headers["Service-Worker-Allowed"] == "/v"
        assert (await client.get("/v")).headers["Content-Type"] == "text/html; charset=utf-8"
        assert (await client.get("/v/page.js")).headers["Content-Type"].startswith("text/javascript")


async def test_what_a_browser_has_is_not_sent_again(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url) as client:
        first = await client.get("/v/page.js")
        tag = first.headers["ETag"]
        again = await client.get("/v/page.js", headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        changed = await client.get("/v/page.js", headers={"If-None-Match": '"other"'})
        assert changed.status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("identity", None), ("gzip;q=0", None)],
)
async def test_files_are_zipped_for_whom_they_may_be(site: Site, accepted: str, encoding: str | None) -> None:
    async with (
        httpx.AsyncClient(base_url=site.url) as client,
        client.stream("GET", "/v/page.js", headers={"Accept-Encoding": accepted}) as answer,
    ):
        body = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (gzip.decompress(body) if encoding else body) == read_pages()["/v/page.js"].body


async def test_other_paths_are_told_from_files(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url) as client:
        slash = await client.get("/v/")
        assert (slash.status_code, slash.headers["Location"]) == (308, "/v")
        for path in ("/v/missing.js", "/v/../pages.py", "/v/%2e%2e/pages.py", "/v/qr", "/v/page.html"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
        head = await client.head("/v")
        assert (head.status_code, head.content) == (200, b"")
        assert (await client.post("/v")).status_code == 405
