import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from mitra_shared.security.secret_files import write_secret
from mitra_shared.settings import (
    BadSettings,
    ConsumerSettings,
    DatabaseSettings,
    ServiceSettings,
    load_settings,
)

URL = "postgresql://enrolment:hunter2@127.0.0.1:5432/enrolment"


Given = Callable[..., None]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MITRA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    def set_(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"MITRA_{name.upper()}", str(value))

    return set_


def test_settings_come_from_the_environment(given: Given) -> None:
    given(
        database_url=URL,
        redis_url="redis://127.0.0.1",
        token_keys="{}",
        port=8001,
        cors_origins="https://a.in, https://b.in",
    )
    settings = load_settings(ServiceSettings)
    assert settings.database_url.get_secret_value() == URL
    assert (settings.host, settings.port) == ("127.0.0.1", 8001)
    assert settings.cors_origins == ("https://a.in", "https://b.in")
    assert "hunter2" not in repr(settings)


def test_settings_come_from_secret_files_and_the_environment_goes_first(given: Given, tmp_path: Path) -> None:
    write_secret(tmp_path / "mitra_database_url", f"{URL}\n")
    write_secret(tmp_path / "mitra_log_level", "debug")
    given(secrets_dir=tmp_path, log_level="warning")
    settings = load_settings(DatabaseSettings)
    assert settings.database_url == SecretStr(URL)
    assert settings.log_level == "warning"


def test_an_empty_variable_counts_as_not_given(given: Given, tmp_path: Path) -> None:
    write_secret(tmp_path / "mitra_database_url", URL)
    given(secrets_dir=tmp_path, database_url="")
    assert load_settings(DatabaseSettings).database_url.get_secret_value() == URL


def test_each_missing_setting_has_a_line_with_both_ways_to_give_it(given: Given, tmp_path: Path) -> None:
    given(secrets_dir=tmp_path, redis_url="redis://127.0.0.1")
    with pytest.raises(BadSettings) as complaint:
        load_settings(ConsumerSettings)
    lines = str(complaint.value).splitlines()
    assert [line.split()[0] for line in lines] == [
        "MITRA_DATABASE_URL",
        "MITRA_TOKEN_KEYS",
        "MITRA_SERVICE_TOKEN",
    ]
    assert "environment variable MITRA_DATABASE_URL" in lines[0]
    assert f"{tmp_path}/mitra_database_url" in lines[0]


def test_a_wrong_setting_is_named_and_its_value_is_not_repeated(given: Given) -> None:
    given(database_url=URL, redis_url="redis://:hunter2@h", token_keys="{}", port="hunter2")
    with pytest.raises(BadSettings, match="MITRA_PORT is wrong") as complaint:
        load_settings(ServiceSettings)
    assert "hunter2" not in str(complaint.value)


def test_every_site_cannot_be_allowed(given: Given) -> None:
    given(database_url=URL, redis_url="r", token_keys="{}", cors_origins="*")
    with pytest.raises(BadSettings, match=r"MITRA_CORS_ORIGINS is wrong.*name each origin"):
        load_settings(ServiceSettings)


def test_a_secret_file_that_others_can_read_is_refused(given: Given, tmp_path: Path) -> None:
    write_secret(tmp_path / "mitra_database_url", URL)
    (tmp_path / "mitra_database_url").chmod(0o644)
    given(secrets_dir=tmp_path)
    with pytest.raises(BadSettings, match=r"MITRA_DATABASE_URL.*chmod 0600"):
        load_settings(DatabaseSettings)


def test_a_directory_that_is_not_there_is_named(given: Given, tmp_path: Path) -> None:
    given(secrets_dir=tmp_path / "nowhere")
    with pytest.raises(BadSettings, match=r"MITRA_SECRETS_DIR names .*nowhere"):
        load_settings(DatabaseSettings)


def test_a_process_without_its_settings_exits_with_code_2() -> None:
    program = "from mitra_shared.settings import *; settings_or_exit(DatabaseSettings)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={}
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("MITRA_DATABASE_URL is missing")
    assert len(ended.stderr.splitlines()) == 1
