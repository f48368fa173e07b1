"""`mitra secrets`: made once, closed to others, enough for every process."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.ops.addresses import Addresses, OperatorSettings
from mitra_shared.ops.secrets import LONGEST_TOKEN_LIFETIME, SecretFolder, SecretsExist, Servers
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing, SealError
from mitra_shared.security.secret_files import read_secret
from mitra_shared.security.tokens import (
    Caller,
    InvalidToken,
    Role,
    TokenVerifier,
    mint,
    private_key,
    public_jwks,
)
from tests.ops.commands import mitra

SERVERS = Servers("postgres:5432", "redis:6379")
COMPOSE = Path(__file__).parents[2] / "deploy" / "docker-compose.yml"


@pytest.fixture
def folder(tmp_path: Path) -> SecretFolder:
    secrets = SecretFolder(tmp_path / "deep" / "secrets")
    secrets.create(SERVERS)
    return secrets


def today() -> date:
    """The day of a test, not of the session: keys made meanwhile are dated by it."""
    return datetime.now(UTC).date()


def contents(folder: SecretFolder) -> dict[str, str]:
    return {str(p.relative_to(folder.path)): p.read_text() for p in folder.path.rglob("*") if p.is_file()}


def test_every_file_and_folder_is_closed_to_others(folder: SecretFolder) -> None:
    for path in (folder.path, *folder.path.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_each_service_finds_what_it_needs_and_no_key_of_another(folder: SecretFolder) -> None:
    found = {
        s: {p.name for p in (folder.path / s).iterdir()} for s in ("enrolment", "certificates", "reporting")
    }
    common = {"mitra_database_url", "mitra_redis_url", "mitra_token_keys"}
    assert found == {
        "enrolment": common
        | {
            "mitra_name_keys",
            "mitra_phone_keys",
            "mitra_staff_keys",
            "mitra_lookup_key",
            "mitra_access_token_key",
            "mitra_message_gateway_secret",
            "mitra_device_receipt_key",
            "mitra_matching_key",
        },
        "certificates": common
        | {"mitra_service_token", "mitra_name_keys", "mitra_certificate_key", "issuer"},
        "reporting": common | {"mitra_service_token", "mitra_webhook_keys", "mitra_staff_keys"},
    }


def test_the_keys_are_of_the_kind_the_services_read(folder: SecretFolder) -> None:
    enrolment, certificates = folder.of_service("enrolment"), folder.of_service("certificates")
    sealed = KeyRing.from_json(read_secret(enrolment / "mitra_name_keys")).seal("a name", context=b"c")
    opener = KeyRing.from_json(read_secret(certificates / "mitra_name_keys"))
    assert opener.open(sealed, context=b"c") == "a name"
    KeyRing.from_json(read_secret(enrolment / "mitra_phone_keys"))
    of_staff = KeyRing.from_json(read_secret(enrolment / "mitra_staff_keys")).seal("a name", context=b"c")
    shows = KeyRing.from_json(read_secret(folder.of_service("reporting") / "mitra_staff_keys"))
    assert shows.open(of_staff, context=b"c") == "a name"
    with pytest.raises(SealError):
        shows.open(sealed, context=b"c")
    KeyedHash.from_base64(read_secret(enrolment / "mitra_lookup_key"))
    KeyedHash.from_base64(read_secret(certificates / "mitra_certificate_key"))
    private_key(read_secret(enrolment / "mitra_device_receipt_key"))


def test_service_tokens_are_accepted_by_the_services(folder: SecretFolder) -> None:
    verifier = TokenVerifier(read_secret(folder.of_service("enrolment") / "mitra_token_keys"))
    for service in ("certificates", "reporting"):
        caller = verifier.verify(read_secret(folder.of_service(service) / "mitra_service_token"))
        assert (caller.role, caller.subject) == (Role.SERVICE, service)


def test_the_operators_folder_has_every_address_that_the_commands_read(
    folder: SecretFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MITRA_SECRETS_DIR", str(folder.path / "operator"))
    addresses = Addresses(home=tmp_path / "no stack runs here")
    for service in ("enrolment", "certificates", "reporting"):
        assert addresses.reading(service).startswith("postgresql://audit:")
    assert addresses.redis().startswith("redis://audit:")
    for consumer in ("certificates", "reporting"):
        assert addresses.owning(consumer).startswith(f"postgresql://{consumer}:")
    for producer in ("enrolment", "certificates"):
        assert addresses.redis_of(producer).startswith(f"redis://{producer}:")


def test_the_operators_container_reads_what_the_operators_folder_holds(folder: SecretFolder) -> None:
    made, operator = contents(folder), _mounted(folder, "operator")
    read = {f"mitra_{name}" for name in OperatorSettings.model_fields}
    # For a rebuild where the service itself is installed. Its token, which reads logs, is not for operators.
    read -= {"mitra_enrolment_url", "mitra_certificates_url", "mitra_service_token"}
    assert set(operator) == read | {"mitra_token_keys", "mitra_signing_key"}
    assert {name: text for name, text in operator.items() if made[f"operator/{name}"] != text} == {}


def _mounted(folder: SecretFolder, container: str) -> dict[str, str]:
    """The secrets that the compose file gives to a container, by the names they have in there."""
    compose: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    files = {
        name: secret["file"].replace("${MITRA_SECRETS:-./secrets}", str(folder.path))
        for name, secret in compose["secrets"].items()
    }
    wanted = compose["services"][container]["secrets"]
    return {each["target"]: Path(files[each["source"]]).read_text() for each in wanted}


def test_no_service_holds_the_key_that_signs_tokens(folder: SecretFolder) -> None:
    private = json.loads(read_secret(folder.signing_key))["d"]
    assert [name for name, text in contents(folder).items() if private in text] == [
        "operator/mitra_signing_key"
    ]


def test_secrets_are_never_overwritten(folder: SecretFolder) -> None:
    before = contents(folder)
    with pytest.raises(SecretsExist):
        folder.create(SERVERS)
    assert contents(folder) == before


def test_new_addresses_leave_keys_and_passwords_as_they_are(folder: SecretFolder) -> None:
    before = contents(folder)
    folder.renew(Servers("127.0.0.1:1", "127.0.0.1:2"))
    after = contents(folder)
    changed = {name for name in before if after[name] != before[name]}
    assert all(name.endswith(("_url", "_service_token")) for name in changed)
    assert "@127.0.0.1:1/certificates" in after["certificates/mitra_database_url"]
    assert folder.database_password("certificates") in after["certificates/mitra_database_url"]


def test_a_new_signing_key_is_published_beside_the_old_one(folder: SecretFolder) -> None:
    old_key, old_token = read_secret(folder.signing_key), _service_token(folder, "reporting")
    folder.rotate_token_signing(today())
    assert read_secret(folder.signing_key) != old_key
    assert _service_token(folder, "reporting") != old_token
    for part in ("enrolment", "certificates", "reporting", "operator"):
        verifier = TokenVerifier(read_secret(folder.path / part / "mitra_token_keys"))
        for token in (old_token, _service_token(folder, "reporting"), _service_token(folder, "certificates")):
            assert verifier.verify(token).role is Role.SERVICE
    assert not [text for text in contents(folder).values() if json.loads(old_key)["d"] in text]


def test_sessions_of_staff_have_a_key_of_their_own_that_is_good_for_nothing_else(
    folder: SecretFolder,
) -> None:
    key = read_secret(folder.of_service("enrolment") / "mitra_access_token_key")
    in_session = Caller(StaffId("a"), Role.IN_CHARGE, area=AreaCode("S11-PC04"), session="s")
    as_operator = Caller(StaffId("a"), Role.OPERATOR, session="s")
    for part in ("enrolment", "certificates", "reporting", "operator"):
        verifier = TokenVerifier(read_secret(folder.path / part / "mitra_token_keys"))
        assert verifier.verify(mint(key, in_session, lifetime=timedelta(minutes=10))) == in_session
        with pytest.raises(InvalidToken, match="forged"):
            verifier.verify(mint(key, as_operator, lifetime=timedelta(minutes=10)))
    private = json.loads(key)["d"]
    assert [name for name, text in contents(folder).items() if private in text] == [
        "enrolment/mitra_access_token_key"
    ]


def test_an_older_folder_gets_the_key_of_sessions_when_it_is_renewed(folder: SecretFolder) -> None:
    (folder.of_service("enrolment") / "mitra_access_token_key").unlink()
    before = _service_token(folder, "reporting")
    folder._publish(public_jwks(read_secret(folder.signing_key)))
    folder.renew(SERVERS)
    caller = Caller(StaffId("a"), Role.HEADQUARTERS, session="s")
    key = read_secret(folder.of_service("enrolment") / "mitra_access_token_key")
    assert _verifier(folder).verify(mint(key, caller, lifetime=timedelta(minutes=10))) == caller
    _verifier(folder).verify(before)
    kept = contents(folder)
    folder.renew(SERVERS)
    assert contents(folder)["enrolment/mitra_access_token_key"] == kept["enrolment/mitra_access_token_key"]


def test_the_key_of_sessions_is_rotated_beside_the_others(folder: SecretFolder) -> None:
    path = folder.of_service("enrolment") / "mitra_access_token_key"
    caller = Caller(StaffId("a"), Role.HEADQUARTERS, session="s")
    first, others = read_secret(path), _kids(folder)[:1]
    folder.rotate_access_tokens(today())
    assert read_secret(path) != first
    for key in (first, read_secret(path)):
        assert _verifier(folder).verify(mint(key, caller, lifetime=timedelta(minutes=10))) == caller
    folder.rotate_token_signing(today())
    assert _verifier(folder).verify(mint(first, caller, lifetime=timedelta(minutes=10))) == caller
    folder.rotate_access_tokens(today(), forget_old=True)
    with pytest.raises(InvalidToken, match="unknown-key"):
        _verifier(folder).verify(mint(first, caller, lifetime=timedelta(minutes=10)))
    assert set(others) < set(_kids(folder))
    _verifier(folder).verify(_service_token(folder, "reporting"))


def test_an_old_key_is_published_until_its_tokens_have_run_out(folder: SecretFolder) -> None:
    first, token = _kids(folder)[0], _service_token(folder, "reporting")
    folder.rotate_token_signing(today())
    folder.rotate_token_signing(today() + LONGEST_TOKEN_LIFETIME)
    assert _kids(folder)[0] == first
    assert len(_kids(folder)) == 4
    folder.rotate_token_signing(today() + LONGEST_TOKEN_LIFETIME + timedelta(days=1))
    assert first not in _kids(folder)
    with pytest.raises(InvalidToken, match="unknown-key"):
        _verifier(folder).verify(token)
    _verifier(folder).verify(_service_token(folder, "reporting"))


def test_after_a_leak_only_tokens_of_the_new_key_are_accepted(tmp_path: Path) -> None:
    mitra("secrets", "init", "secrets", directory=tmp_path)
    folder = SecretFolder(tmp_path / "secrets")
    token = _service_token(folder, "reporting")
    said = mitra("secrets", "rotate", "token-signing", "secrets", "--forget-old", directory=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "Start all services again" in said.stdout
    with pytest.raises(InvalidToken, match="unknown-key"):
        _verifier(folder).verify(token)
    _verifier(folder).verify(_service_token(folder, "reporting"))
    nowhere = mitra("secrets", "rotate", "token-signing", "nowhere", directory=tmp_path)
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert "nowhere does not exist" in nowhere.stderr


def _service_token(folder: SecretFolder, service: str) -> str:
    return read_secret(folder.of_service(service) / "mitra_service_token")


def _verifier(folder: SecretFolder) -> TokenVerifier:
    return TokenVerifier(read_secret(folder.of_service("enrolment") / "mitra_token_keys"))


def _kids(folder: SecretFolder) -> list[str]:
    keys = json.loads(read_secret(folder.of_service("enrolment") / "mitra_token_keys"))["keys"]
    return [key["kid"] for key in keys]


def test_redis_gets_digests_and_never_a_password(folder: SecretFolder) -> None:
    users = contents(folder)["redis/users.acl"]
    assert "user default off" in users
    assert not [account for account, password in folder.redis_passwords().items() if password in users]


def test_the_command_says_so_if_the_directory_exists(tmp_path: Path) -> None:
    made = mitra("secrets", "init", "secrets", directory=tmp_path)
    assert made.returncode == 0, made.stderr
    again = mitra("secrets", "init", "secrets", directory=tmp_path)
    assert again.returncode == 1
    assert again.stderr.startswith("mitra: secrets exists")
    assert "Traceback" not in again.stderr


def test_a_token_can_be_minted_from_the_made_key(tmp_path: Path) -> None:
    mitra("secrets", "init", "secrets", directory=tmp_path)
    key = tmp_path / "secrets" / "operator" / "mitra_signing_key"
    said = mitra(
        "token", "co_in_charge", "--area", "S11-PC04", "--signing-key", key, "--json", directory=tmp_path
    )
    told = json.loads(said.stdout)
    caller = TokenVerifier(read_secret(tmp_path / "secrets/enrolment/mitra_token_keys")).verify(told["token"])
    assert (caller.role, caller.area) == (Role.CO_IN_CHARGE, "S11-PC04")
    assert caller.subject == told["subject"] == "S11-PC04/co-in-charge-01"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["co_in_charge"], 2, "needs --area with a constituency"),
        (["co_in_charge", "--area", "S11"], 2, "S11 is no constituency"),
        (["operator"], 1, "there is no signing key at .mitra/secrets/operator/mitra_signing_key"),
        (["operator", "--signing-key", "open-key"], 1, "may be read by others"),
        (["operator", "--signing-key", "no-key"], 1, "the signing key cannot be used: not JSON"),
        (["king"], 2, "king"),
    ],
)
def test_a_token_that_cannot_be_minted_is_one_plain_sentence(
    tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    (tmp_path / "open-key").write_text("{}")
    (tmp_path / "open-key").chmod(0o644)
    (tmp_path / "no-key").touch(mode=0o600)
    said = mitra("token", *arguments, directory=tmp_path)
    assert said.returncode == code
    assert sentence in said.stderr
    assert said.stdout == ""
    assert "Traceback" not in said.stderr
