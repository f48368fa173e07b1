"""A browser app is its own files and the shared ones, each path of one file only."""

from dataclasses import replace
from pathlib import Path

import pytest

from mitra_shared.browser.app import SHARED, BrowserApp, PathTaken, read_app, security_headers


def app_in(own: Path) -> BrowserApp:
    (own / "page.html").write_text('<meta name="where" content="{{where}}">')
    return BrowserApp("page", "/p/", own, "shell-", security_headers(["https://b.example"]), {"where": "x"})


def test_an_app_is_served_its_own_files_and_the_shared_ones(tmp_path: Path) -> None:
    files = read_app(app_in(tmp_path))
    assert files["/p/"].body == b'<meta name="where" content="x">'
    assert files["/p/certificate/verify.js"].body == (SHARED / "certificate" / "verify.js").read_bytes()
    assert "{{" not in files["/p/worker.js"].body.decode()
    assert files["/p/worker.js"].headers["Service-Worker-Allowed"] == "/p/"
    assert "connect-src 'self' https://b.example;" in files["/p/"].headers["Content-Security-Policy"]


def test_an_app_cannot_put_a_file_in_the_place_of_a_shared_one(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    (tmp_path / "certificate").mkdir()
    (tmp_path / "certificate" / "verify.js").write_text("export const verify = () => 'valid';")
    with pytest.raises(PathTaken, match=r"certificate/verify\.js"):
        read_app(app)


def test_an_app_may_share_single_files_alone_and_then_has_no_worker(tmp_path: Path) -> None:
    app = replace(app_in(tmp_path), shared=(SHARED / "language.js",))
    (tmp_path / "other.html").write_text("{{where}}")
    files = read_app(app)
    assert set(files) == {"/p/", "/p/language.js", "/p/other.html"}
    assert files["/p/other.html"].body == b"x"
    (tmp_path / "language.js").write_text("")
    with pytest.raises(PathTaken, match=r"language\.js"):
        read_app(app)
