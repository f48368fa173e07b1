"""What `mitra_shared.credential` makes, the page accepts: two readings of one format.

The issuer's address is not that of the page here, so this is also the page on a host of somebody else's.
"""

import json
from datetime import UTC, datetime

import pytest
from playwright.async_api import Page, expect

from mitra_shared.credential.cose import qr_text
from mitra_shared.credential.did import did_document
from mitra_shared.credential.facts import StatusPlace
from tests.certificates.verification.issuer import code_of
from tests.certificates.verification.reader import verdict
from tests.certificates.verification.site import DID_DOCUMENT, Site
from tests.credential.made import NAMES, PUBLIC_URL, code, facts, issuer_keys, status_token

NOW = datetime.now(UTC).timestamp()
TURNING = dict.fromkeys([0x85, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


@pytest.fixture
def elsewhere(site: Site) -> Site:
    """The documents of another address, as a mirror has them."""
    site.documents = {
        DID_DOCUMENT: json.dumps(did_document(issuer_keys(), PUBLIC_URL)),
        "/v1/status-lists/3": status_token(7, now=NOW),
    }
    return site


@pytest.mark.parametrize("kind", list(NAMES))
async def test_a_code_of_the_library_is_valid_and_shows_its_name(
    page: Page, elsewhere: Site, kind: str
) -> None:
    address = qr_text(PUBLIC_URL, code(facts(holder_name=NAMES[kind])))
    assert address.startswith(f"{PUBLIC_URL}/v#")
    assert await verdict(page, f"{elsewhere.url}/v#{code_of(address)}") == "valid"
    await expect(page.locator("#result")).to_have_attribute("data-tone", "good")
    shown = await page.locator("#holder").text_content()
    assert shown == NAMES[kind].translate(TURNING)
    await expect(page.locator("#number")).to_have_text("S11-AC033-0007")
    await expect(page.locator("#issued-on")).to_have_text("24-11-2026")
    await expect(page.locator("#issuer")).to_have_text("mitra.example.org")


async def test_a_list_of_the_library_revokes(page: Page, elsewhere: Site) -> None:
    revoked = qr_text(PUBLIC_URL, code(facts(status=StatusPlace(number=3, index=7))))
    assert await verdict(page, f"{elsewhere.url}/v#{code_of(revoked)}") == "revoked"
