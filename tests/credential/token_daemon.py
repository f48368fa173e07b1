"""Stands for a signing token: a process of its own that alone holds the key, asked over a Unix socket.

`python token_daemon.py SOCKET` writes its public key (JWK) as the first line of stdout.
"""

import asyncio
import json
import sys

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

private = ec.generate_private_key(ec.SECP256R1())
public_jwk = ECKey.import_key(private.public_key(), {"kid": "2026-12-01-token1"}).as_dict(private=False)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One digest a line, in hexadecimal; so is the signature."""
    while line := await reader.readline():
        signed = private.sign(bytes.fromhex(line.decode()), ec.ECDSA(Prehashed(SHA256())))
        writer.write(
            b"".join(each.to_bytes(32) for each in decode_dss_signature(signed)).hex().encode() + b"\n"
        )
        await writer.drain()
    writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_unix_server(answer, sys.argv[1])
    sys.stdout.write(json.dumps(public_jwk) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


asyncio.run(main())
