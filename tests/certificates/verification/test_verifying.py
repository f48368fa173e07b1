"""From the address of a code to the words on screen, in a real browser."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.certificates.verification.issuer import KEY_ID, Issuer, base32, code_of, encoded_list
from tests.certificates.verification.reader import settled, verdict
from tests.certificates.verification.site import Site


async def test_a_valid_code_shows_what_the_certificate_says(page: Page, site: Site) -> None:
    made_at = int(time.time()) - 60
    site.publish(site.issuer.status_list(made_at=made_at))
    assert await verdict(page, site.issuer.address(name="आशा देवी")) == "valid"
    await expect(page.locator("#result")).to_have_attribute("data-tone", "good")
    await expect(page.get_by_role("heading", name="Genuine and valid")).to_be_focused()
    for part, text in {
        "holder": "आशा देवी",
        "number": "S11-AC032-0007",
        "constituency": "Wayanad",
        "segment": "Kalpetta",
        "campaign": "Modi Mitra",
        "issuer": site.url.removeprefix("http://"),
        "issued-on": "26-10-2026",
    }.items():
        await expect(page.locator(f"#{part}")).to_have_text(text)
    as_of = time.strftime("%d-%m-%Y %H:%M", time.gmtime(made_at + 19_800))
    await expect(page.locator("#status")).to_have_text(f"Not revoked, as of \u2068{as_of}\u2069")
    await expect(page.locator("#problem")).to_be_hidden()


async def test_a_revoked_code_is_told_by_its_own_bit_alone(page: Page, site: Site) -> None:
    site.publish(site.issuer.status_list(0, 4710, 4712), site.issuer.status_list(1, 0, 524_287))
    assert await verdict(page, site.issuer.address()) == "valid"
    for place in ([0, 4712], [1, 0], [1, 524_287]):
        assert await verdict(page, site.issuer.address(status=place)) == "revoked"
        await expect(page.get_by_role("heading", name="Revoked")).to_be_visible()
        await expect(page.locator("#holder")).to_have_text("Asha Devi")


async def test_whatever_bit_is_flipped_the_code_is_never_valid_again(page: Page, site: Site) -> None:
    whole = site.issuer.cose()
    await page.goto(f"{site.url}/v")
    outcomes = await page.evaluate(
        """async (codes) => {
          const { verify } = await import("/v/certificate/verify.js");
          const { Held } = await import("/v/certificate/held.js");
          const held = new Held();
          const outcomes = [];
          for (const code of codes) outcomes.push((await verify(code, held, Date.now() / 1000)).outcome);
          return outcomes;
        }""",
        [base32(whole)]
        + [
            base32(bytes(b ^ (1 << at % 8) * (i == at) for i, b in enumerate(whole)))
            for at in range(len(whole))
        ],
    )
    assert outcomes[0] == "valid"
    assert set(outcomes[1:]) == {"altered", "unknown_key", "unreadable"}
    payload = len(whole) - 66
    assert set(outcomes[40:payload]) == set(outcomes[-64:]) == {"altered"}


async def test_an_altered_code_shows_nothing_of_what_it_claims(page: Page, site: Site) -> None:
    altered = site.issuer.cose().replace(b"Asha Devi", b"Asha Dewi")
    assert await verdict(page, f"{site.url}/v#{base32(altered)}") == "altered"
    await expect(page.get_by_role("heading", name="Altered")).to_be_visible()
    assert "Dewi" not in await page.content()
    await expect(page.locator("#certificate")).to_be_hidden()


async def test_a_key_that_the_issuer_never_published_is_unknown(page: Page, site: Site) -> None:
    forger = Issuer(site.url)
    forger.keys["2026-11-24-ffffff"] = forger.keys[KEY_ID]
    assert await verdict(page, forger.address(key_id="2026-11-24-ffffff")) == "unknown_key"
    assert await verdict(page, forger.address()) == "altered"


async def test_a_key_that_was_added_while_the_page_was_open_is_fetched(page: Page, site: Site) -> None:
    assert await verdict(page, site.issuer.address()) == "valid"
    newer = Issuer(site.url)
    site.issuer.keys["2026-12-01-aaaaaa"] = newer.keys[KEY_ID]
    site.publish()
    fragment = code_of(site.issuer.address(key_id="2026-12-01-aaaaaa", name="Nisha"))
    await page.evaluate("fragment => { location.hash = fragment; }", fragment)
    await expect(page.locator("#holder")).to_have_text("Nisha")
    assert await settled(page) == "valid"


async def test_another_issuer_is_named_and_not_vouched_for(page: Page, site: Site) -> None:
    other = Issuer("https://other.example.org")
    other.keys["2025-01-01-bbbbbb"] = other.keys[KEY_ID]
    address = other.address(key_id="2025-01-01-bbbbbb").replace("https://other.example.org", site.url)
    assert await verdict(page, address) == "other_issuer"
    await expect(page.locator("#meaning")).to_contain_text("other.example.org")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda code: code[:-1], "truncated"),
        (lambda code: code[:-40], "truncated"),
        (lambda code: code[:90], "truncated"),
        (lambda _code: "2KC", "truncated"),
        (lambda code: code + "A" * 8, "broken"),
        (lambda code: code + "A" * 7_000, "too_long"),
        (lambda code: code + "A" * 20_000, "too_long"),
        (lambda code: code[:50] + "1" + code[51:], "foreign"),
        (lambda _code: "HELLO", "foreign"),
        (lambda _code: "%F0%9F%98%80", "foreign"),
    ],
)
async def test_a_text_that_is_no_code_says_what_is_wrong_with_it(
    page: Page, site: Site, change: Callable[[str], str], reason: str
) -> None:
    address = f"{site.url}/v#{change(code_of(site.issuer.address()))}"
    assert await verdict(page, address) == "unreadable"
    wrong = {
        "truncated": "not complete",
        "broken": "damaged",
        "too_long": "far longer",
        "foreign": "not the code of a Mitra certificate",
    }
    await expect(page.locator("#meaning")).to_contain_text(wrong[reason])


async def test_without_a_list_the_code_is_genuine_and_its_status_not_known(page: Page, site: Site) -> None:
    assert await verdict(page, site.issuer.address(status=[9, 0])) == "valid"
    await expect(page.locator("#result")).to_have_attribute("data-tone", "caution")
    await expect(page.get_by_role("heading", name="Genuine, status not known")).to_be_visible()


async def test_a_list_that_has_run_out_is_said(page: Page, site: Site) -> None:
    week_ago = int(time.time()) - 8 * 86_400
    site.publish(site.issuer.status_list(0, 5, made_at=week_ago))
    assert await verdict(page, site.issuer.address()) == "valid"
    await expect(page.locator("#result")).to_have_attribute("data-tone", "caution")
    await expect(page.locator("#status")).to_contain_text("It has run out")
    assert await verdict(page, site.issuer.address(status=[0, 5])) == "revoked"


async def test_an_older_list_than_the_one_seen_is_refused_even_after_a_reload(page: Page, site: Site) -> None:
    now = int(time.time())
    older, newer = (
        site.issuer.status_list(0, made_at=now - 600),
        site.issuer.status_list(0, 4711, made_at=now),
    )
    site.publish(newer)
    assert await verdict(page, site.issuer.address()) == "revoked"
    site.publish(older)
    for _ in range(2):
        assert await verdict(page, site.issuer.address()) == "revoked"
        await expect(page.locator("#problem")).to_contain_text("older list")


@pytest.mark.parametrize(
    "fault", ["signature", "key", "number", "issuer", "purpose", "bomb", "short", "text"]
)
async def test_a_list_that_is_not_the_issuers_is_refused(page: Page, site: Site, fault: str) -> None:
    issuer = site.issuer
    stranger = Issuer(site.url)
    text = {
        "signature": stranger.status_list(),
        "key": issuer.status_list().replace(".", "x.", 1),
        "number": issuer.status_list(1),
        "issuer": issuer.status_list(issuer="did:web:other.example.org"),
        "purpose": issuer.status_list(credentialSubject={"type": "BitstringStatusList"}),
        "bomb": issuer.status_list(encoded=encoded_list(bytes(10_000_000))),
        "short": issuer.status_list(encoded=encoded_list(bytes(100))),
        "text": "<html>Log in to the free network of this café</html>",
    }[fault]
    site.publish(text)
    assert await verdict(page, issuer.address()) == "valid"
    await expect(page.get_by_role("heading", name="Genuine, status not known")).to_be_visible()
    await expect(page.locator("#problem")).to_contain_text("did not sign")


async def test_names_are_text_whatever_they_hold(page: Page, site: Site) -> None:
    name = "<img src=x onerror=alert(1)><b>Asha</b>&amp;"
    assert await verdict(page, site.issuer.address(name=name, number="<i>7</i>")) == "valid"
    await expect(page.locator("#holder")).to_have_text(name)
    assert await page.locator("#holder *, #number *").count() == 0


async def test_a_name_that_turns_its_direction_keeps_to_its_own_field(page: Page, site: Site) -> None:
    name = "Asha \u202e7000-230CA-11S\u2067\u0000\nDevi"
    assert await verdict(page, site.issuer.address(name=name)) == "valid"
    await expect(page.locator("#holder")).to_have_text("Asha 7000-230CA-11SDevi")
    assert await page.locator("#holder").evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"


async def test_nothing_of_a_code_leaves_the_browser(page: Page, site: Site) -> None:
    beyond: list[str] = []
    page.on("request", lambda request: beyond.append(request.url))
    address = site.issuer.address()
    assert await verdict(page, address) == "valid"
    await expect(page.locator("#offline-ready")).to_be_visible()
    assert [url for url in beyond if not url.startswith((site.url, "about:"))] == []
    assert {method for method, _, _ in site.asked} == {"GET"}
    assert [body for _, _, body in site.asked if body] == []
    allowed = re.compile(r"/v(/[a-z0-9_./-]+)?|/\.well-known/did\.json|/v1/status-lists/\d+")
    assert [path for _, path, _ in site.asked if not allowed.fullmatch(path)] == []
    kept = await page.evaluate(
        """async () => {
          const found = [];
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              found.push(request.url, await (await cache.match(request)).text());
            }
          }
          return found.concat(JSON.stringify(localStorage), JSON.stringify(sessionStorage));
        }"""
    )
    assert [text for text in kept if code_of(address)[20:60] in text or "Asha" in text] == []


async def test_pasted_text_may_be_broken_over_lines(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/v")
    address = site.issuer.address()
    await page.get_by_text("Paste the text of a code").click()
    box = page.get_by_label("Text of the code")
    for text in (address, code_of(address).lower(), f" {address[:70]}\n {address[70:]}\n"):
        await box.fill(text)
        await page.get_by_role("button", name="Check", exact=True).click()
        await expect(page.locator("#result")).to_have_attribute("data-outcome", "valid")
        await page.get_by_role("button", name="Check another certificate").click()
        await expect(page.locator("#result")).to_be_hidden()
    await page.get_by_role("button", name="Check", exact=True).click()
    await expect(page.locator("#meaning")).to_contain_text("nothing to check yet")


async def test_a_code_that_comes_another_way_replaces_the_one_in_the_address(page: Page, site: Site) -> None:
    assert await verdict(page, f"{site.url}/v#2KC") == "unreadable"
    await page.get_by_text("Paste the text of a code").click()
    await page.get_by_label("Text of the code").fill("nonsense")
    await page.get_by_role("button", name="Check", exact=True).click()
    await expect(page.locator("#meaning")).to_contain_text("not the code of a Mitra certificate")
    assert page.url == f"{site.url}/v"


async def test_without_keys_the_page_says_what_it_lacks(page: Page, site: Site) -> None:
    site.documents.clear()
    assert await verdict(page, site.issuer.address()) == "no_keys"
    site.publish(site.issuer.status_list())
    assert await verdict(page, site.issuer.address()) == "valid"


def test_codes_are_as_long_as_the_qr_codes_of_the_design() -> None:
    assert 350 < len(Issuer("https://mitra.example.org").address()) < 480
