"""Previews, by the service's command and by `mitra certificate preview`."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
from PIL import Image

from certificates.__main__ import SERVICE
from certificates.rendering.preview import preview
from certificates.rendering.typesetter import TEMPLATES
from tests.certificates.rendering.looking import pages_of, text_of


def mitra(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mitra_shared.ops.cli", "certificate", "preview", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_preview_is_a_certificate_with_the_given_name(tmp_path: Path) -> None:
    out = tmp_path / "preview.pdf"
    done = mitra(str(out), "--language", "hi", "--name", "Amina Beegum")
    assert done.returncode == 0, done.stderr
    assert f"Wrote {out}" in done.stdout
    assert pages_of(out.read_bytes()) == 1
    assert "Amina Beegum" in text_of(out.read_bytes())


def test_a_preview_can_be_a_picture(tmp_path: Path) -> None:
    out = tmp_path / "preview.png"
    preview(["--language", "ur", str(out)])
    with Image.open(out) as image:
        assert image.size == (2000, 1414)


def test_a_preview_of_a_template_with_a_mistake_says_where(tmp_path: Path) -> None:
    templates = copytree(TEMPLATES, tmp_path / "templates")
    with (templates / "certificate.typ").open("a") as file:
        file.write("\n#let width = \n")
    done = mitra(str(tmp_path / "preview.pdf"), "--template", str(templates))
    assert done.returncode == 1
    assert done.stderr.startswith("mitra: certificate.typ, line ")
    assert "column" in done.stderr
    assert not (tmp_path / "preview.pdf").exists()


def test_a_preview_of_another_kind_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        preview([str(tmp_path / "preview.svg")])
    assert "ends neither in .pdf nor in .png" in capsys.readouterr().err


def test_a_directory_without_templates_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        preview(["--template", str(tmp_path), str(tmp_path / "preview.pdf")])
    assert "certificate.typ: the directory" in capsys.readouterr().err


def test_a_name_that_is_too_long_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        preview(["--name", "a" * 121, str(tmp_path / "preview.pdf")])
    assert "1 to 120 characters, not 121" in capsys.readouterr().err


def test_a_character_without_a_font_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        preview(["--name", "A\U000f0000", str(tmp_path / "preview.pdf")])
    assert "U+F0000" in capsys.readouterr().err


def test_the_service_knows_the_command(tmp_path: Path) -> None:
    out = tmp_path / "preview.pdf"
    SERVICE.main(["preview", str(out)])
    assert pages_of(out.read_bytes()) == 1
