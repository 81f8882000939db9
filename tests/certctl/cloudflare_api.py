"""Cloudflare's API as far as certbot's plugin asks it, in front of the DNS that Pebble asks. Runs on a host, alone.

``python3 cloudflare_api.py PORT ZONE TOKEN MANAGEMENT``: ``MANAGEMENT`` is the address of pebble-challtestsrv's.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ZONE_ID = "0123456789abcdef0123456789abcdef"


def serve(port: int, zone: str, token: str, management: str) -> None:
    """Answer until the process ends."""
    records: dict[str, dict[str, str]] = {}

    def tell_dns(verb: str, content: dict[str, str]) -> None:
        body = json.dumps({"host": f"{content['name']}.", "value": content["content"]}).encode()
        urllib.request.urlopen(f"{management}/{verb}", body, timeout=5).close()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def _answer(self, result: Any, status: int = 200, error: str = "") -> None:
            errors = [{"code": 9109, "message": error}] if error else []
            info = {"page": 1, "per_page": 100, "count": 1, "total_count": 1, "total_pages": 1}
            content = json.dumps(
                {
                    "success": not error,
                    "errors": errors,
                    "messages": [],
                    "result": result,
                    "result_info": info,
                }
            ).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _allowed(self) -> bool:
            if self.headers["Authorization"] == f"Bearer {token}":
                return True
            self._answer(None, 403, "Invalid access token")
            return False

        def do_GET(self) -> None:
            if not self._allowed():
                return
            parts = urlsplit(self.path)
            asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
            if parts.path.endswith("/zones"):
                found = [{"id": ZONE_ID, "name": zone}] if asked.get("name") == zone else []
                self._answer(found)
            else:
                self._answer(
                    [
                        {"id": key, **record}
                        for key, record in records.items()
                        if record["name"] == asked["name"]
                        and record["content"].strip('"') == asked["content"].strip('"')
                    ]
                )

        def do_POST(self) -> None:
            if self._allowed():
                record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = f"{len(records):032x}"
                records[key] = record
                tell_dns("set-txt", {"name": record["name"], "content": record["content"].strip('"')})
                self._answer({"id": key, **record})

        def do_DELETE(self) -> None:
            if self._allowed():
                record = records.pop(self.path.rsplit("/", 1)[-1])
                tell_dns("clear-txt", {"name": record["name"], "content": ""})
                self._answer({})

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4])
