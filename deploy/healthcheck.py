"""The health check of our images: exit code 0 while /ready answers 200, and its answer for `docker inspect`.

Runs every few seconds in every container, so it imports next to nothing.
"""
# ruff: noqa: INP001 - a file of the image, not a module

import os
import socket
import sys

SECONDS = 3.0


def main() -> int:
    """Ask the process of this container whether it is ready."""
    try:
        with socket.create_connection(("127.0.0.1", int(os.environ["MITRA_PORT"])), SECONDS) as connection:
            connection.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError as error:
        sys.stdout.write(f"no answer: {error}\n")
        return 1
    head, _, body = answer.partition(b"\r\n\r\n")
    sys.stdout.write(body.decode(errors="replace") + "\n")
    return 0 if head.split(b" ", 2)[1:2] == [b"200"] else 1


if __name__ == "__main__":
    sys.exit(main())
