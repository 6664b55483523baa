"""A real HTTP server with responses in the form of Google's other APIs, by their discovery documents."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

SERVICE = "projects/123456789012/locations/europe-west1/services/send"
HOST = "send-123456789012.europe-west1.run.app"
OLD_HOST = "send-abcdefghij-ew.a.run.app"
BOT = "bot@local.iam.gserviceaccount.com"
AGENT = "serviceAccount:service-123456789012@gcp-sa-cloudtasks.iam.gserviceaccount.com"
KEY = "projects/local/locations/us-central1/keyRings/ring/cryptoKeys/tasks"

GOOD: dict[str, Any] = {
    f"/v2/{SERVICE}": {
        "name": SERVICE,
        "uri": f"https://{OLD_HOST}",
        "urls": [f"https://{HOST}", f"https://{OLD_HOST}"],
        "ingress": "INGRESS_TRAFFIC_ALL",
        "launchStage": "GA",
        "template": {
            "timeout": "300s",
            "maxInstanceRequestConcurrency": 80,
            "scaling": {"maxInstanceCount": 100},
            "containers": [{"image": "send"}],
        },
        "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"},
        "generation": "7",
    },
    f"/v2/{SERVICE}:getIamPolicy": {
        "version": 1,
        "etag": "BwY=",
        "bindings": [{"role": "roles/run.invoker", "members": [f"serviceAccount:{BOT}"]}],
    },
    f"/v1/projects/local/serviceAccounts/{BOT}": {
        "name": f"projects/local/serviceAccounts/{BOT}",
        "projectId": "local",
        "email": BOT,
        "uniqueId": "1",
    },
    f"/v1/projects/local/serviceAccounts/{BOT}:testIamPermissions": {
        "permissions": ["iam.serviceAccounts.actAs"]
    },
    "/v1/projects/local/services/cloudtasks.googleapis.com": {
        "name": "projects/123456789012/services/cloudtasks.googleapis.com",
        "state": "ENABLED",
    },
    "/v1/projects/local/billingInfo": {
        "projectId": "local",
        "billingEnabled": True,
        "billingAccountName": "x",
    },
    "/v3/projects/local:getIamPolicy": {
        "bindings": [{"role": "roles/cloudtasks.serviceAgent", "members": [AGENT]}]
    },
    "/v2/entries:list": {},
    f"/v1/{KEY}": {"name": KEY, "purpose": "ENCRYPT_DECRYPT", "primary": {"name": "1", "state": "ENABLED"}},
    "/v1/apps/local": {"id": "local", "servingStatus": "SERVING", "locationId": "us-central"},
    "/v1/apps/local/firewall/ingressRules": {
        "ingressRules": [{"priority": 2147483647, "action": "ALLOW", "sourceRange": "*"}]
    },
}
GOOD["/v2/projects/local/locations/-/services"] = {"services": [GOOD[f"/v2/{SERVICE}"]]}


class Google(ThreadingHTTPServer):
    """`answers` by path: the JSON of a 200, or a pair (status, JSON). `asked` stores verb, path and credentials."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers = deepcopy(GOOD)
        self.asked: list[tuple[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Google
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, path))
        found = self.server.answers.get(path, (404, "NOT_FOUND"))
        status, body = found if isinstance(found, tuple) else (200, found)
        if isinstance(body, str):
            body = {"error": {"code": status, "status": body, "message": f"{body.lower()} of {path}"}}
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def google() -> Iterator[Google]:
    """Run the server within a with block."""
    server = Google()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
