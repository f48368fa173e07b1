"""Where `mitra verify` gets keys and status lists: what it was given, else the stack that runs here.

Nothing is fetched from an address that a certificate names: whoever made it could answer there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from mitra_shared.credential.issuer import BadPublicUrl, status_list_url
from mitra_shared.credential.status_list import BadStatusList, StatusList, read_status_list
from mitra_shared.credential.trust import BadTrust, TrustedKeys
from mitra_shared.ops.certificate_reading import CannotTell
from mitra_shared.ops.issuer_keys import read_issuer_keys
from mitra_shared.ops.secrets import SecretFolder
from mitra_shared.ops.stack_state import NoStack, StackState

DID_DOCUMENT: Final = "/.well-known/did.json"

_TIMEOUT_SECONDS: Final = 10
_LARGEST: Final = 1_048_576


@dataclass(frozen=True)
class Sources:
    """Trusted keys, and where lists signed with them can be had: a file, a service, or nowhere."""

    trusted: TrustedKeys
    list_file: Path | None
    service: str | None

    def status_list(self, number: int) -> StatusList | None:
        """The list that certificates of that number need; None if none is to be had by what was given.

        Raises:
            CannotTell: it cannot be read or fetched, or is not the issuer's.
        """
        if self.list_file is not None:
            text, where = _read(self.list_file), str(self.list_file)
        elif self.service is not None:
            where = status_list_url(self.service, number)
            text = _fetched(where)
        else:
            return None
        try:
            return read_status_list(text, self.trusted)
        except BadStatusList as error:
            raise CannotTell(f"the status list at {where} cannot be used: {error}") from None


def sources(keys: str | None, issuer: str | None, list_file: Path | None, home: Path) -> Sources:
    """Keys from an address, a file, a directory of secrets or the running stack.

    Args:
        keys: what `--keys` says.
        issuer: public base address of the issuer; needed where the keys do not say whose they are.
        list_file: what `--status` says.
        home: directory of the stack.

    Raises:
        CannotTell: there are no keys, or they cannot be used.
    """
    if keys is None:
        try:
            service = StackState.read(home).api_urls("certificates")[0]
        except NoStack as error:
            raise CannotTell(f"{error}, or say whose keys to trust: --keys URL, FILE or DIR") from None
    elif keys.startswith(("https://", "http://")):
        service = keys.removesuffix("/").removesuffix(DID_DOCUMENT)
    else:
        return Sources(_local(Path(keys), issuer), list_file, None)
    return Sources(_trusted(_fetched(service + DID_DOCUMENT), service, issuer), list_file, service)


def _local(path: Path, issuer: str | None) -> TrustedKeys:
    if not path.is_dir():
        return _trusted(_read(path), str(path), issuer)
    if issuer is None:
        raise CannotTell(f"{path} does not say whose keys it holds; say --issuer https://...")
    try:
        return TrustedKeys.of(read_issuer_keys(SecretFolder(path).issuer_keys), issuer)
    except BadPublicUrl as error:
        raise CannotTell(str(error)) from None


def _trusted(text: str, where: str, issuer: str | None) -> TrustedKeys:
    try:
        return TrustedKeys.from_json(text, issuer)
    except BadTrust as error:
        raise CannotTell(f"the keys at {where} cannot be used: {error}") from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotTell(f"{path} cannot be read: {error}") from None
    if len(content) > _LARGEST:
        raise CannotTell(f"{path} is larger than {_LARGEST} bytes")
    return text


def _fetched(url: str) -> str:
    content = bytearray()
    try:
        with httpx.stream("GET", url, timeout=_TIMEOUT_SECONDS, follow_redirects=False) as answer:
            if answer.status_code != httpx.codes.OK:
                raise CannotTell(f"{url} answers {answer.status_code}")
            for part in answer.iter_bytes():
                content += part
                if len(content) > _LARGEST:
                    raise CannotTell(f"{url} answers with more than {_LARGEST} bytes")
        return content.decode()
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeDecodeError) as error:
        raise CannotTell(f"{url} cannot be fetched: {error}") from None
