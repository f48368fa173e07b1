"""Where the operators' commands find databases and Redis: options, then settings, then the running stack.

Settings are `MITRA_` variables or the files of `MITRA_SECRETS_DIR`, as for the services. Reading goes through
the role `audit`; what a command changes, it changes as the service that owns it.
"""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mitra_shared.ops.secrets import SecretFolder
from mitra_shared.ops.stack_state import DEFAULT_HOME, NoStack, StackState
from mitra_shared.ops.trouble import Trouble, WrongUsage
from mitra_shared.security.secret_files import UnsafeSecretFile, read_secret
from mitra_shared.settings import PREFIX, BadSettings, SecretFiles, load_settings

HomeOption = Annotated[Path, typer.Option(help="Directory of the running stack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


class OperatorSettings(BaseSettings):
    """What an operator's shell or container may be given instead of a running stack."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", env_ignore_empty=True, frozen=True)

    enrolment_database_url: SecretStr | None = None
    """For the role that only reads; so are the next two."""
    certificates_database_url: SecretStr | None = None
    reporting_database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    """For the account that only reads."""
    certificates_owner_url: SecretStr | None = None
    """The certificates database for the role that owns it: dead letters and rebuilding."""
    reporting_owner_url: SecretStr | None = None
    enrolment_redis_url: SecretStr | None = None
    """Redis for the account of enrolment, which may delete its streams."""
    certificates_redis_url: SecretStr | None = None
    enrolment_url: str | None = None
    """Base URL of the enrolment api."""
    certificates_url: str | None = None
    service_token: SecretStr | None = None
    """Token of role `service`, to read logs."""

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


class Addresses:
    """Addresses by need; each is looked up when it is asked for."""

    def __init__(self, home: Path = DEFAULT_HOME) -> None:
        self._home = home
        self._stack: StackState | None = None
        try:
            self._settings = load_settings(OperatorSettings)
        except BadSettings as error:
            raise WrongUsage(str(error)) from None

    def reading(self, service: str, given: str | None = None) -> str:
        """URL of a service's database for the role that only reads.

        Raises:
            NoStack: it is given nowhere and no stack runs.
        """
        return (
            given
            or self._set(f"{service}_database_url")
            or self._running(f"--{service}-database URL").audit_databases[service]
        )

    def owning(self, service: str, given: str | None = None) -> str:
        """URL of a service's database for the role that owns it.

        Raises:
            NoStack: it is given nowhere and no stack runs.
        """
        return (
            given or self._set(f"{service}_owner_url") or self._running("--database URL").databases[service]
        )

    def redis(self, given: str | None = None) -> str:
        """URL of Redis for the account that only reads.

        Raises:
            NoStack: it is given nowhere and no stack runs.
        """
        return given or self._set("redis_url") or self._running("--redis URL").redis_urls["audit"]

    def redis_of(self, service: str, given: str | None = None) -> str:
        """URL of Redis for the account of a service.

        Raises:
            NoStack: it is given nowhere and no stack runs.
        """
        return given or self._set(f"{service}_redis_url") or self._running("--redis URL").redis_urls[service]

    def logs(self, service: str) -> str:
        """Base URL of the api of a service that keeps logs.

        Raises:
            NoStack: it is given nowhere and no stack runs.
        """
        return (
            self._set(f"{service}_url") or self._running(f"MITRA_{service.upper()}_URL").api_urls(service)[0]
        )

    def service_token(self, service: str) -> str:
        """The token that a service reads logs with.

        Raises:
            NoStack: it is given nowhere and no stack runs.
            Trouble: the stack's cannot be read.
        """
        given = self._set("service_token")
        if given is not None:
            return given
        secrets = SecretFolder(self._running("MITRA_SERVICE_TOKEN").secrets)
        try:
            return read_secret(secrets.of_service(service) / "mitra_service_token")
        except (OSError, UnicodeDecodeError, UnsafeSecretFile) as error:
            raise Trouble(f"the token of {service} cannot be used: {error}") from None

    def _set(self, name: str) -> str | None:
        value: SecretStr | str | None = getattr(self._settings, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    def _running(self, option: str) -> StackState:
        if self._stack is None:
            try:
                self._stack = StackState.read(self._home)
            except NoStack as error:
                raise NoStack(f"{error}, or name a deployment: {option}") from None
        return self._stack
