"""`mitra verify`: from every form a certificate comes in, with words and exit codes that fit."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
import zxingcpp
from PIL import Image

from mitra_shared.credential.cose import qr_text
from mitra_shared.credential.did import did_document
from mitra_shared.credential.facts import StatusPlace
from mitra_shared.ops.cli import main
from tests.credential.made import PUBLIC_URL, code, facts, issuer_keys, proven, status_token, token
from tests.ops.commands import ENVIRONMENT, mitra

pytestmark = pytest.mark.usefixtures("outside_of_any_deployment")

GOOD, REVOKED = facts(status=StatusPlace(number=3, index=5)), facts(status=StatusPlace(number=3, index=6))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys and a status list as files."""
    (tmp_path / "did.json").write_text(json.dumps(did_document(issuer_keys(), PUBLIC_URL)))
    (tmp_path / "list.jwt").write_text(status_token(6, now=time.time()))
    return tmp_path


@pytest.fixture
def service(folder: Path) -> Iterator[str]:
    """A server with keys and status lists."""
    answers = {
        "/.well-known/did.json": (folder / "did.json").read_bytes(),
        "/v1/status-lists/3": (folder / "list.jwt").read_bytes(),
        "/v1/status-lists/4": b"[]",
        "/v1/status-lists/5": b"x" * 2_000_000,
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path)
            self.send_response(404 if answer is None else 200)
            self.end_headers()
            if answer is not None:
                self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def outside_of_any_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(ENVIRONMENT):
        monkeypatch.delenv(name)


class Said(NamedTuple):
    """What a command said, and with what exit code."""

    returncode: int | str | None
    stdout: str
    stderr: str


def mitra_here(*arguments: str, directory: Path) -> Said:
    """Run a command in this process: 40 processes would take a minute."""
    stdout, stderr = StringIO(), StringIO()
    before, exit_code = sys.argv, None
    sys.argv = ["mitra", *arguments]
    try:
        with chdir(directory), redirect_stdout(stdout), redirect_stderr(stderr):
            main()
    except SystemExit as left:
        exit_code = left.code
    finally:
        sys.argv = before
    return Said(exit_code or 0, stdout.getvalue(), stderr.getvalue())


def picture(path: Path, *texts: str) -> Path:
    """QR codes side by side, turned a little."""
    codes = [
        Image.fromarray(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=4))
        for text in texts
    ]
    page = Image.new("L", (sum(each.width + 80 for each in codes), codes[0].height + 120), 255)
    left = 40
    for each in codes:
        page.paste(each, (left, 60))
        left += each.width + 80
    page.rotate(3, fillcolor=255).save(path)
    return path


def test_every_form_is_read_from_a_file(folder: Path) -> None:
    (folder / "a.jwt").write_text(token(GOOD))
    (folder / "a.cose").write_bytes(code(GOOD))
    (folder / "a.json").write_text(json.dumps(proven(GOOD), indent=1))
    picture(folder / "a.png", qr_text(PUBLIC_URL, code(GOOD)))
    picture(folder / "a.jpg", qr_text(PUBLIC_URL, code(GOOD)))
    picture(folder / "a.pdf", qr_text(PUBLIC_URL, code(GOOD)))
    for name in ("a.jwt", "a.cose", "a.json", "a.png", "a.jpg", "a.pdf"):
        said = mitra_here("verify", name, "--keys", "did.json", "--status", "list.jwt", directory=folder)
        assert said.returncode == 0, (name, said.stdout, said.stderr)
        assert said.stdout.startswith("VALID: ")
        for text in (GOOD.holder_name, GOOD.number, "Malappuram", "Kondotty", "24-11-2026", "list of"):
            assert text in said.stdout


def test_a_text_is_verified_as_it_is(folder: Path) -> None:
    for text in (token(GOOD), qr_text(PUBLIC_URL, code(GOOD)), json.dumps(proven(GOOD))):
        said = mitra_here("verify", text, "--keys", "did.json", directory=folder)
        assert said.returncode == 0, said.stderr
        assert "whether it was revoked was not checked" in said.stdout


def test_keys_and_list_come_from_the_service_that_is_named(folder: Path, service: str) -> None:
    said = mitra_here("verify", token(GOOD), "--keys", service, "--json", directory=folder)
    found = json.loads(said.stdout)
    assert (said.returncode, found["outcome"], found["status"]["check"]) == (0, "valid", "checked")
    assert found["says"]["holder_name"] == GOOD.holder_name
    said = mitra_here("verify", token(REVOKED), "--keys", f"{service}/.well-known/did.json", directory=folder)
    assert (said.returncode, said.stdout.split(":")[0]) == (1, "REVOKED")


@pytest.mark.parametrize("number", [4, 5, 6])
def test_a_list_that_cannot_be_used_leaves_a_doubt(folder: Path, service: str, number: int) -> None:
    of = facts(status=StatusPlace(number=number, index=5))
    said = mitra_here("verify", token(of), "--keys", service, directory=folder)
    assert said.returncode == 2
    assert "VALID" in said.stdout
    assert "Whether it was revoked cannot be told" in said.stdout


def test_a_list_of_another_number_leaves_a_doubt(folder: Path) -> None:
    of = facts(status=StatusPlace(number=4, index=5))
    said = mitra_here("verify", token(of), "--keys", "did.json", "--status", "list.jwt", directory=folder)
    assert said.returncode == 2
    assert "its place is in status list 4, not 3" in said.stdout


def test_a_list_that_has_run_out_leaves_a_doubt(folder: Path) -> None:
    (folder / "list.jwt").write_text(status_token(6, now=time.time() - 8 * 86_400))
    said = mitra_here("verify", token(GOOD), "--keys", "did.json", "--status", "list.jwt", directory=folder)
    assert said.returncode == 2
    assert "has run out" in said.stdout


def test_all_codes_of_a_picture_are_verified_and_the_worst_decides(folder: Path) -> None:
    texts = [qr_text(PUBLIC_URL, code(of)) for of in (GOOD, REVOKED)]
    picture(folder / "two.png", *texts)
    said = mitra_here("verify", "two.png", "--keys", "did.json", "--status", "list.jwt", directory=folder)
    assert said.returncode == 1
    assert said.stdout.count("VALID: ") == 1
    assert said.stdout.count("REVOKED: ") == 1


def test_what_is_altered_or_foreign_is_not_valid(folder: Path) -> None:
    changed = token(GOOD)
    for text in (f"{changed[:900]}A{changed[901:]}", "WIFI:S:home;T:WPA;P:secret;;"):
        said = mitra_here("verify", text, "--keys", "did.json", directory=folder)
        assert said.returncode == 1
        assert said.stdout.startswith(("ALTERED: ", "UNREADABLE: "))


def test_a_name_cannot_steer_the_terminal(folder: Path) -> None:
    of = facts(holder_name="Ayesha\N{ESCAPE}[2J\N{RIGHT-TO-LEFT OVERRIDE}क्\N{ZERO WIDTH JOINER}ष")
    said = mitra_here("verify", token(of), "--keys", "did.json", directory=folder)
    assert "\N{ESCAPE}" not in said.stdout
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in said.stdout
    assert "क्\N{ZERO WIDTH JOINER}ष" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["token"], "no stack runs on .mitra"),
        (["no-such.png", "--keys", "did.json"], "there is no file no-such.png"),
        (["empty.png", "--keys", "did.json"], "no QR code was found"),
        (["broken.png", "--keys", "did.json"], "no picture that can be read"),
        (["broken.pdf", "--keys", "did.json"], "no PDF that can be read"),
        (["huge.jwt", "--keys", "did.json"], "at most 33554432 are read"),
        (["token", "--keys", "nowhere.json"], "cannot be read"),
        (["token", "--keys", "list.jwt"], "not JSON"),
        (["token", "--keys", "http://127.0.0.1:1"], "cannot be fetched"),
        (["token", "--keys", "."], "say --issuer"),
        (["token", "--keys", "jwks.json"], "does not say whose it is"),
    ],
)
def test_what_cannot_be_judged_is_one_plain_sentence(
    folder: Path, arguments: list[str], sentence: str
) -> None:
    Image.new("L", (300, 300), 255).save(folder / "empty.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    (folder / "jwks.json").write_text(json.dumps(issuer_keys().public_jwks()))
    with (folder / "huge.jwt").open("wb") as file:
        file.truncate(40_000_000)
    said = mitra_here("verify", *arguments, directory=folder)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("mitra: ")
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr


def test_a_jwks_and_its_issuer_are_as_good_as_a_did_document(folder: Path) -> None:
    (folder / "jwks.json").write_text(json.dumps(issuer_keys().public_jwks()))
    said = mitra_here("verify", token(GOOD), "--keys", "jwks.json", "--issuer", PUBLIC_URL, directory=folder)
    assert said.returncode == 0, said.stderr
    process = mitra(
        "verify", token(GOOD), "--keys", "jwks.json", directory=folder, MITRA_PUBLIC_URL=PUBLIC_URL
    )
    assert (process.returncode, process.stdout[:7]) == (0, "VALID: ")


def test_exit_codes_are_those_of_the_process(folder: Path) -> None:
    for text, exit_code in ((token(GOOD), 0), (token(GOOD)[:-4], 1), ("no-such.pdf", 2)):
        assert mitra("verify", text, "--keys", "did.json", directory=folder).returncode == exit_code
