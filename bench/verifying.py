"""In-browser verification: the real page in Chromium, from the text of a code to a verdict.

Once with keys and status list at hand, once as on a page that was just opened without a network: both are
read from what the browser stored, and their signatures and bits are gone through again. Old phones are stood
in for by Chromium's own throttling of the processor.
"""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from fastapi import FastAPI
from playwright.async_api import Page, async_playwright
from starlette.responses import Response

from bench.measuring import Figure, Told
from certificates.rendering.sample import sample_page
from certificates.verification.pages import verification_pages
from mitra_shared.credential.cose import (
    assemble_cose,
    cose_contents,
    cose_payload,
    cose_signing_input,
    qr_text,
)
from mitra_shared.credential.did import did_document
from mitra_shared.credential.keys import IssuerKeys, new_issuer_keys
from mitra_shared.credential.signing import LocalSigner
from mitra_shared.credential.status_list import packed, status_document, status_signing_input
from mitra_shared.credential.vc_jwt import assemble
from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal

ROUNDS, BATCH = 30, 20
SLOWER = 6
"""About a phone of 2018 beside a server's core."""

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")

AT_HAND = """async ({ code, rounds, batch }) => {
  const { verify } = await import("/v/certificate/verify.js");
  const { Held } = await import("/v/certificate/held.js");
  const held = new Held();
  await verify(code, held, Date.now() / 1000);
  const issuer = await held.issuer();
  const atHand = {
    issuer: async () => issuer,
    statusList: async (number) => ({ list: held.lists.get(number), problem: null }),
  };
  const took = [];
  for (let i = 0; i < rounds; i++) {
    const begun = performance.now();
    for (let j = 0; j < batch; j++) {
      const { outcome, status } = await verify(code, atHand, Date.now() / 1000);
      if (outcome !== "valid" || status.asOf === null) throw new Error(`the code is ${outcome}`);
    }
    took.push((performance.now() - begun) / batch);
  }
  return took;
}"""
STORED = AT_HAND.replace("verify(code, atHand,", "verify(code, new Held(),")


async def measure(told: Told) -> list[Figure]:
    """Milliseconds of a verdict."""
    figures = [
        Figure("verification in Chromium, keys and list at hand", "ms", goal=50, at_most=True),
        Figure("the same, a page just opened without a network", "ms", goal=50, at_most=True),
        Figure(f"the same on a processor {SLOWER} times slower", "ms"),
    ]
    async with _site() as (url, code), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = await browser.new_page()
        await page.goto(f"{url}/v#{code}")
        await page.wait_for_selector("#offline-ready:not([hidden])")
        told("the page is open")
        figures[0].values.extend(await _took(page, AT_HAND, code))
        await page.context.set_offline(True)
        figures[1].values.extend(await _took(page, STORED, code))
        session = await page.context.new_cdp_session(page)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        figures[2].values.extend(await _took(page, STORED, code))
        await browser.close()
    return figures


async def _took(page: Page, script: str, code: str) -> list[float]:
    took: list[float] = await page.evaluate(script, {"code": code, "rounds": ROUNDS, "batch": BATCH})
    return took


@asynccontextmanager
async def _site() -> AsyncIterator[tuple[str, str]]:
    """Address of a site with a list of which 1 % is revoked, and a code."""
    app, shutdown = FastAPI(openapi_url=None), ShutdownSignal()
    app.include_router(verification_pages())
    with tempfile.TemporaryDirectory() as directory:
        port_file = Path(directory) / "port"
        serving = asyncio.create_task(
            serve(app, host="127.0.0.1", port=0, shutdown=shutdown, port_file=port_file)
        )
        async with asyncio.timeout(10):
            while not port_file.exists():  # noqa: ASYNC110 - a file does not call
                await asyncio.sleep(0.02)
        url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        code, documents = _made(url)

        @app.get("/{path:path}")
        async def document(path: str) -> Response:
            text = documents.get(path)
            return Response(status_code=404) if text is None else Response(text)

        yield url, code
        shutdown.request("measured")
        await serving


def _made(url: str) -> tuple[str, dict[str, str]]:
    now = time.time()
    keys = IssuerKeys.from_json(new_issuer_keys(now))
    key = keys.current("ES256", now)
    if key.private is None:
        raise ValueError(f"{key.kid} has no private half")
    signer = LocalSigner(key, key.private)
    facts = sample_page("hi").facts.model_copy(update={"issuer": url})
    payload = cose_payload(cose_contents(facts))
    cose = assemble_cose(payload, key.kid, signer.sign(cose_signing_input(payload, key.kid)))
    revoked = set(Random(11).sample(range(500_000), 5_000)) - {facts.status.index}
    message = status_signing_input(status_document(url, "Mitra", 0, packed(revoked), now), key.kid)
    return qr_text(url, cose).partition("#")[2], {
        ".well-known/did.json": json.dumps(did_document(keys, url)),
        f"v1/status-lists/{facts.status.number}": assemble(message, signer.sign(message)),
    }
