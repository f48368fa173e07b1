"""A service for tests of the supervisor: `python -m tests.ops.stub answers|ends|deaf`."""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    match sys.argv[1]:
        case "ends":
            sys.exit("this service ends at once")
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            sys.stderr.write("deaf\n")
            sys.stderr.flush()
            time.sleep(600)
        case _:
            server = HTTPServer(("127.0.0.1", int(os.environ["MITRA_PORT"])), Ready)
            Path(os.environ["MITRA_PORT_FILE"]).write_text(os.environ["MITRA_PORT"])
            server.serve_forever()


if __name__ == "__main__":
    main()
