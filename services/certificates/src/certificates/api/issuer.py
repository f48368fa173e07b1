"""What verifiers need of the issuer: its public keys, and the status lists. Open to everybody, no names."""

from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import JSONResponse, Response

from certificates.issuer import Issuer
from certificates.problems import STATUS_LIST_UNKNOWN
from certificates.storage import status_lists
from mitra_shared.credential.vc_jwt import MEDIA_TYPE
from mitra_shared.http.problems import problem_responses

_KEYS_FOR_5_MINUTES: Final = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
_LIST_HEADERS: Final = {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}


class _DidDocument(JSONResponse):
    media_type = "application/did+json"


class _JwkSet(JSONResponse):
    media_type = "application/jwk-set+json"


def issuer_router(engine: AsyncEngine, issuer: Issuer) -> APIRouter:
    """The routes, with the keys of `issuer` and the lists in the database of `engine`."""
    router = APIRouter(tags=["verification"])

    @router.get("/.well-known/did.json", response_class=_DidDocument, summary="The issuer as `did:web`")
    async def did_document() -> Response:
        """Every key that ever signed here: old certificates stay verifiable."""
        return _DidDocument(issuer.did_document(), headers=_KEYS_FOR_5_MINUTES)

    @router.get("/v1/issuer/jwks.json", response_class=_JwkSet, summary="The issuer's keys as a JWKS")
    async def issuer_keys() -> Response:
        """The same keys (RFC 7517). Those of bearer tokens are at `/.well-known/jwks.json`."""
        return _JwkSet(issuer.public_jwks(), headers=_KEYS_FOR_5_MINUTES)

    @router.get(
        "/v1/status-lists/{number}",
        summary="Which certificates are revoked, as a Bitstring Status List",
        response_class=Response,
        responses={200: {"content": {MEDIA_TYPE: {}}}, 304: {}, **problem_responses(404)},
    )
    async def status_list(
        number: Annotated[int, Path(ge=0, lt=2**31)],
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """A VC-JWT, signed anew whenever it changes and before it expires."""
        async with engine.connect() as connection:
            found = await status_lists.find_list(connection, number)
        if found is None:
            raise STATUS_LIST_UNKNOWN("A certificate names the list it stands in")
        tag = f'"{sha256(found.token.encode()).hexdigest()[:32]}"'
        headers: dict[str, Any] = {**_LIST_HEADERS, "ETag": tag}
        if if_none_match is not None and tag in {each.strip() for each in if_none_match.split(",")}:
            return Response(status_code=304, headers=headers)
        return Response(found.token, media_type=MEDIA_TYPE, headers=headers)

    return router
