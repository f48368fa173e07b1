"""What a process is told from outside: environment variables, or files named like them.

Every setting is a variable with the prefix `MITRA_`, or a file of that name in small letters (`mitra_port`)
in the directory `MITRA_SECRETS_DIR`; the variable goes first. A service declares its own settings by
inheriting from the class that fits its process, and its `__main__` reads them with `settings_or_exit`.
"""

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from mitra_shared.security.secret_files import UnsafeSecretFile, read_secret
from mitra_shared.telemetry.logs import LogLevel

PREFIX: Final = "MITRA_"
SECRETS_DIR_VARIABLE: Final = "MITRA_SECRETS_DIR"
EXIT_BAD_SETTINGS: Final = 2


class BadSettings(Exception):
    """Settings are missing or wrong; the message is one line for each and repeats no value."""


class SecretFiles(PydanticBaseSettingsSource):
    """Settings from the files of `MITRA_SECRETS_DIR`; each is checked by `security.secret_files`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """The text of one setting's file, or None; as pydantic-settings asks for it."""
        directory = os.environ.get(SECRETS_DIR_VARIABLE)
        if not directory:
            return None, field_name, False
        path = Path(directory) / f"{PREFIX}{field_name}".lower()
        try:
            return read_secret(path), field_name, False
        except FileNotFoundError:
            return None, field_name, False
        except (OSError, UnicodeDecodeError, UnsafeSecretFile) as error:
            raise BadSettings(
                f"cannot use the secret file of {PREFIX}{field_name.upper()}: {error}"
            ) from error

    def __call__(self) -> dict[str, Any]:
        """The settings for which there is a file."""
        directory = os.environ.get(SECRETS_DIR_VARIABLE)
        if directory and not Path(directory).is_dir():
            raise BadSettings(f"{SECRETS_DIR_VARIABLE} names {directory}, which is not a directory")
        values = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}


class DatabaseSettings(BaseSettings):
    """What the migration of a service needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", env_ignore_empty=True, frozen=True)

    database_url: SecretStr
    """`postgresql://user:password@host:port/database`"""
    log_level: LogLevel = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then secret files."""
        return init_settings, env_settings, SecretFiles(settings_cls)


class ServedSettings(DatabaseSettings):
    """Where a long-running process serves, if it is only probes."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0: any free port, told in `port_file`."""
    port_file: Path | None = None
    """Where the port in use is written, as decimal digits, once connections are accepted."""


class ServiceSettings(ServedSettings):
    """What a process needs besides that has to do with Redis or with tokens."""

    redis_url: SecretStr
    """`redis://user:password@host:port/0`"""
    token_keys: str
    """JWKS (JSON) of the public keys that verify bearer tokens."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Web origins that may call the API from a browser, comma-separated."""

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        origins = (
            tuple(filter(None, (o.strip() for o in value.split(",")))) if isinstance(value, str) else value
        )
        if isinstance(origins, tuple) and "*" in origins:
            raise ValueError("'*' would allow every site; name each origin")
        return origins


class ConsumerSettings(ServiceSettings):
    """What a consumer needs besides: where producers serve their logs, and the token to read them."""

    service_token: SecretStr
    """JWT of role `service`."""
    enrolment_url: str | None = None
    """Base URL of the enrolment api, e.g. `http://127.0.0.1:8001`."""
    certificates_url: str | None = None
    """Base URL of the certificates api."""


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(kind: type[SettingsT]) -> SettingsT:
    """The settings of this process.

    Raises:
        BadSettings: one line per missing or wrong setting, naming the variable and the file, not the value.
    """
    try:
        return kind()
    except ValidationError as error:
        lines = [
            _complaint(e["loc"], e["type"], e["msg"])
            for e in error.errors(include_input=False, include_url=False)
        ]
        # The cause would repeat the values.
        raise BadSettings("\n".join(lines)) from None


def _complaint(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    name = str(loc[0]) if loc else "?"
    variable, file = f"{PREFIX}{name.upper()}", f"{PREFIX}{name}".lower()
    directory = os.environ.get(SECRETS_DIR_VARIABLE)
    place = (
        f"{directory.rstrip('/')}/{file}" if directory else f"{file} in the directory ${SECRETS_DIR_VARIABLE}"
    )
    if kind == "missing":
        return (
            f"{variable} is missing: set the environment variable {variable}, or write it to the file {place}"
        )
    return f"{variable} is wrong: {message} (environment variable {variable}, or file {place})"


def settings_or_exit(kind: type[SettingsT]) -> SettingsT:
    """`load_settings` for a process entry: complaints go to stderr, and the process exits with code 2."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            settings = load_settings(kind)
        except BadSettings as error:
            sys.stderr.write(f"{error}\n")
            raise SystemExit(EXIT_BAD_SETTINGS) from None
    for warning in caught:
        sys.stderr.write(f"warning: {warning.message}\n")
    return settings
