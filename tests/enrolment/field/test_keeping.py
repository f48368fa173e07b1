"""What the phone keeps: sealed, whole through upgrades and a full disk, and gone with the key."""

from playwright.async_api import BrowserContext, Page, expect

from tests.enrolment.field.conftest import SwitchOn
from tests.enrolment.field.phone import FILL_DISK, all_sent, enrol, fill, records, sign_in, signed_in, until
from tests.enrolment.field.site import Site
from tests.enrolment.intake_api import CONSTITUENCY, person, rows

NAME, PHONE = "Zulaikha Parveen", "9876520000"
FIRST_VERSION = """([staff, area, people]) => new Promise((resolve, reject) => {
  const opened = indexedDB.open("mitra-field", 1);
  opened.onupgradeneeded = () => {
    opened.result.createObjectStore("meta");
    const records = opened.result.createObjectStore("records", { keyPath: "number" });
    records.createIndex("by_key", "key", { unique: true });
  };
  opened.onerror = () => reject(opened.error);
  opened.onsuccess = async () => {
    const cipher = { name: "AES-GCM", length: 256 };
    const key = await crypto.subtle.generateKey(cipher, false, ["encrypt", "decrypt"]);
    const device = { id: crypto.randomUUID(), last: people.length };
    const sealed = [];
    for (const [index, person] of people.entries()) {
      const nonce = crypto.getRandomValues(new Uint8Array(12));
      const additionalData = new TextEncoder().encode(`${device.id}:${index + 1}`);
      const text = new TextEncoder().encode(JSON.stringify(person));
      sealed.push({
        number: index + 1, key: crypto.randomUUID(), day: "2026-11-01", nonce,
        sealed: await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData }, key, text),
      });
    }
    const writing = opened.result.transaction(["meta", "records"], "readwrite");
    const meta = writing.objectStore("meta");
    meta.put(key, "vault");
    meta.put(device.id, "installation");
    meta.put({ [staff]: device }, "devices");
    meta.put({ id: staff, name: "Asha", role: "co_in_charge", campaign: "small", area }, "staff");
    for (const record of sealed) writing.objectStore("records").add(record);
    writing.oncomplete = () => { opened.result.close(); resolve(); };
  };
})"""


async def test_a_full_queue_of_the_first_version_is_kept_by_the_upgrade(page: Page, site: Site) -> None:
    people = [person(number, phone=f"98765300{number:02}") for number in range(60)]
    await page.goto(f"{site.url}/field/manifest.webmanifest")
    await page.evaluate(FIRST_VERSION, ["staff-upgrade", CONSTITUENCY, people])
    await page.goto(f"{site.url}/field/")
    await expect(page.locator("#signin-why")).to_be_visible()
    found = await records(page)
    assert [(each["number"], each["state"]) for each in found] == [(n, "waiting") for n in range(1, 61)]
    await signed_in(page, site, "staff-upgrade")
    await all_sent(page)
    ((number,),) = await rows(site.api.engine, "select count(*) from mitra where recruiter = 'staff-upgrade'")
    assert number == 60
    await page.locator('[data-view="numbers"]').click()
    await expect(page.locator("#days td")).to_have_text(["60", "60", "0"])


async def test_names_and_phones_lie_sealed_and_signing_out_forgets_the_key(
    switch_on: SwitchOn, site: Site
) -> None:
    phone = await switch_on()
    page = phone.page
    await signed_in(page, site, "staff-sealed")
    await page.context.set_offline(True)
    await enrol(page, NAME, PHONE)
    keep = """() => import("/field/database.js").then(async ({ read, transact, done }) => {
      const vault = await read("vault");
      window.kept = await transact(["records"], "readonly", (store) => done(store("records").get(1)));
      return crypto.subtle.exportKey("raw", vault).then(() => "readable", (error) => error.name);
    })"""
    assert await page.evaluate(keep) == "InvalidAccessError"
    await page.locator('[data-view="more"]').click()
    await page.locator("#sign-out").click()
    await expect(page.locator("#ask-text")).to_contain_text("are not enrolled")
    await page.locator("#ask-no").click()
    assert len(await records(page)) == 1
    # Without the reload at the end of the app's own signing out, what was kept above can still be tried.
    tried = """() => import("/field/session.js").then(async ({ signOut }) => {
      await signOut();
      const { unseal } = await import("/field/vault.js");
      const { read } = await import("/field/database.js");
      const opened = unseal(window.kept, "any").then(() => "opened", (error) => error.constructor.name);
      return Promise.all([opened, ...["vault", "session", "staff", "campaign"].map(read)]);
    })"""
    assert await page.evaluate(tried) == ["NoKey", None, None, None, None]
    assert await records(page) == []
    phone.kill()
    stored = b"".join(
        path.read_bytes() for path in phone.profile.rglob("*") if path.is_file() and "IndexedDB" in str(path)
    )
    assert b"vault" in stored or "vault".encode("utf-16-be") in stored
    for secret in (NAME, PHONE, "Zulaikha"):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert secret.encode(encoding) not in stored


async def test_signing_out_with_records_that_wait_is_confirmed_and_leaves_a_gap(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-gap")
    await context.set_offline(True)
    await enrol(page, "Ayesha", "9876521000")
    await page.locator('[data-view="more"]').click()
    await page.locator("#sign-out").click()
    await expect(page.locator("#ask-yes")).to_contain_text("Delete")
    async with page.expect_navigation():
        await page.locator("#ask-yes").click()
    await expect(page.locator("#signin")).to_be_visible()
    await context.set_offline(False)
    await signed_in(page, site, "staff-gap")
    await enrol(page, "Begum", "9876521001")
    await all_sent(page)
    assert await rows(
        site.api.engine, "select highest, gapless, received from device where staff = 'staff-gap'"
    ) == [(2, 0, 1)]
    await page.locator('[data-view="numbers"]').click()
    await expect(page.locator("#server-state")).to_contain_text("missing")


async def test_a_full_disk_says_so_and_loses_nothing_that_was_stored(
    context: BrowserContext, page: Page, site: Site
) -> None:
    developer = await context.new_cdp_session(page)
    await developer.send("Storage.overrideQuotaForOrigin", {"origin": site.url, "quotaSize": 3_000_000})
    await signed_in(page, site, "staff-full")
    await context.set_offline(True)
    await enrol(page, "Ayesha", "9876522000")
    await page.evaluate(FILL_DISK, 64)
    await fill(page, "Begum", "9876522001")
    await page.locator("#store").click()
    await expect(page.locator("#enrol-trouble")).to_contain_text("The phone is full")
    await expect(page.locator("#name")).to_have_value("Begum")
    assert [each["number"] for each in await records(page)] == [1]


async def test_a_new_version_of_the_app_takes_over_and_the_queue_stays(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-version")
    await context.set_offline(True)
    await enrol(page, "Ayesha", "9876523000")
    await context.set_offline(False)
    site.fault = None
    await page.evaluate(
        """async () => {
          await (await caches.open("mitra-field-0000")).put("/field/", new Response("old"));
          await (await navigator.serviceWorker.ready).unregister();
        }"""
    )
    await page.goto(f"{site.url}/field/")
    await expect(page.locator("html[data-offline=ready]")).to_be_attached()
    await until(page, "caches.keys().then((names) => names.length === 1)")
    await all_sent(page)
    ((number,),) = await rows(site.api.engine, "select count(*) from mitra where recruiter = 'staff-version'")
    assert number == 1


async def test_a_receipt_that_the_server_did_not_sign_deletes_nothing(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-forged")
    forged = """async () => {
      const { readReceipt } = await import("/field/receipt.js");
      const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
      const kid = (await (await fetch("/.well-known/jwks.json")).json()).keys.at(-1).kid;
      const url = (text) => btoa(text).replace(/=/g, "").replace(/\\+/g, "-").replace(/\\//g, "_");
      const head = url(JSON.stringify({ alg: "ES256", kid, typ: "mitra-device-receipt+jwt" }));
      const said = `${head}.${url(JSON.stringify({ device: "d", gapless: 9 }))}`;
      const signature = await crypto.subtle.sign(
        { name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(said));
      const end = url(String.fromCharCode(...new Uint8Array(signature)));
      return readReceipt(`${said}.${end}`, "d").then(() => "taken", (error) => error.message);
    }"""
    assert await page.evaluate(forged) == "the signature is not the server's"


async def test_who_is_wrong_about_the_password_is_told(page: Page, site: Site) -> None:
    await sign_in(page, site, "staff-wrong", password="wrong")
    await expect(page.locator("#signin-trouble")).to_contain_text("is wrong")
