"""A stand-in for the Hugging Face hub: the requests of an upload and a download, in the hub's format.

Repositories are created, files go as base64 in a commit or by the LFS batch API, and come back by their
path. What the hub refuses is refused: requests without the token, an oid of other bytes, a model card
whose front matter is not valid.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

TOKEN = "hf_StandInTokenThatNobodyMayPrint"
LFS_ABOVE = 4096
"""Files of more bytes, and all weights, go by the LFS API."""
_REVISION = "main"
_SHA = "0" * 40


@dataclass
class Repository:
    """A repository: its files by path, and the messages of its commits."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)


@dataclass
class Hub:
    """The state of the stand-in.

    Args:
        url: of the hub.
        repositories: by name.
        blobs: LFS oid -> bytes that were uploaded.
        requests: method and path of each request.
    """

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


class _RefusalError(Exception):
    """A request that the hub answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@contextlib.contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub on this machine, until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Writes nothing."""

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def _serve(self) -> None:
        body, path = self._body(), unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        try:
            for pattern, action in _ROUTES.items():
                match = re.fullmatch(pattern, f"{self.command} {path}")
                if match is not None:
                    action(self, body, *match.groups())
                    return
            raise _RefusalError(404, f"no such request: {self.command} {path}")
        except _RefusalError as refusal:
            self._answer({"error": str(refusal)}, refusal.status)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, content: Any, status: int = 200) -> None:
        self._send(json.dumps(content).encode(), status, {"Content-Type": "application/json"})

    def _send(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _check_token(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise _RefusalError(401, "Invalid username or password.")

    def _repository(self, name: str) -> Repository:
        if name not in self.hub.repositories:
            raise _RefusalError(404, "Repository not found")
        return self.hub.repositories[name]

    def create(self, body: bytes) -> None:
        """Creates a repository, private if asked."""
        self._check_token()
        wanted = json.loads(body)
        name = f"{wanted['organization']}/{wanted['name']}"
        address = {"url": f"{self.hub.url}/{name}", "name": name}
        if name in self.hub.repositories:
            return self._answer({"error": "You already created this model repo", **address}, 409)
        private = bool(wanted.get("private")) or wanted.get("visibility") == "private"
        self.hub.repositories[name] = Repository(private)
        return self._answer(address)

    def info(self, body: bytes, name: str) -> None:
        """The facts of a repository."""
        repository = self._repository(name)
        siblings = [{"rfilename": path} for path in repository.files]
        facts = {"id": name, "modelId": name, "sha": _SHA, "private": repository.private}
        self._answer(facts | {"siblings": siblings, "tags": [], "downloads": 0, "likes": 0})

    def tree(self, body: bytes, name: str) -> None:
        """The files of a repository."""
        files = self._repository(name).files
        self._answer(
            [
                {"type": "file", "path": path, "size": len(content), "oid": _git_oid(content)}
                for path, content in files.items()
            ]
        )

    def validate(self, body: bytes) -> None:
        """Checks the front matter of a model card as the hub does."""
        front = yaml.safe_load(json.loads(body)["content"].split("---\n", 2)[1])
        errors = []
        for code in front.get("language") or []:
            if not re.fullmatch(r"[a-z]{2,3}", code):
                errors.append({"message": f'"language" must be ISO 639 codes, not {code}'})
        for model in front.get("model-index") or []:
            for result in model["results"]:
                if not {"type"} <= set(result["task"]) or not {"type", "name"} <= set(
                    result["dataset"]
                ):
                    errors.append({"message": '"model-index" lacks a type or a name'})
        self._answer({"errors": errors, "warnings": []}, 400 if errors else 200)

    def preupload(self, body: bytes, name: str) -> None:
        """Says of each file how it is uploaded."""
        self._check_token()
        self._repository(name)
        files = json.loads(body)["files"]
        modes = [
            {
                "path": each["path"],
                "uploadMode": "lfs" if _is_large(each["path"], each["size"]) else "regular",
                "shouldIgnore": False,
            }
            for each in files
        ]
        self._answer({"files": modes})

    def batch(self, body: bytes, name: str) -> None:
        """Where LFS files go."""
        self._check_token()
        objects = [
            {
                "oid": each["oid"],
                "size": each["size"],
                "actions": {
                    "upload": {"href": f"{self.hub.url}/lfs/{each['oid']}"},
                    "verify": {"href": f"{self.hub.url}/lfs-verify"},
                },
            }
            for each in json.loads(body)["objects"]
        ]
        self._answer({"transfer": "basic", "objects": objects})

    def put(self, body: bytes, oid: str) -> None:
        """Keeps the bytes of an LFS file."""
        if hashlib.sha256(body).hexdigest() != oid:
            raise _RefusalError(400, "the bytes are not those of the oid")
        self.hub.blobs[oid] = body
        self._send(b"", 200, {"ETag": oid})

    def verify(self, body: bytes) -> None:
        """Checks that an LFS file is whole."""
        wanted = json.loads(body)
        if len(self.hub.blobs.get(wanted["oid"], b"")) != wanted["size"]:
            raise _RefusalError(404, "not uploaded")
        self._answer({})

    def commit(self, body: bytes, name: str) -> None:
        """Adds files: base64 in the request, or LFS files that were uploaded before."""
        self._check_token()
        repository = self._repository(name)
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "header":
                repository.commits.append(value["summary"])
            elif operation["key"] == "file":
                repository.files[value["path"]] = base64.b64decode(value["content"])
            else:
                repository.files[value["path"]] = self.hub.blobs[value["oid"]]
        commit = {"commitUrl": f"{self.hub.url}/{name}/commit/{_SHA}", "commitOid": _SHA}
        self._answer({"success": True, "hookOutput": "", **commit})

    def resolve(self, body: bytes, name: str, path: str) -> None:
        """The bytes of a file."""
        repository = self._repository(name)
        if path not in repository.files:
            raise _RefusalError(404, "Entry not found")
        content = repository.files[path]
        headers = {"ETag": f'"{_git_oid(content)}"', "X-Repo-Commit": _SHA}
        self._send(content, 200, headers)


_NAME = r"([\w.-]+/[\w.-]+)"
_ROUTES = {
    "POST /api/repos/create": _Handler.create,
    "POST /api/validate-yaml": _Handler.validate,
    f"GET /api/models/{_NAME}(?:/revision/\\w+)?": _Handler.info,
    f"GET /api/models/{_NAME}/tree/\\w+": _Handler.tree,
    f"POST /api/models/{_NAME}/preupload/{_REVISION}": _Handler.preupload,
    f"POST /api/models/{_NAME}/commit/{_REVISION}": _Handler.commit,
    f"POST /{_NAME}\\.git/info/lfs/objects/batch": _Handler.batch,
    "PUT /lfs/([0-9a-f]+)": _Handler.put,
    "POST /lfs-verify": _Handler.verify,
    f"(?:GET|HEAD) /{_NAME}/resolve/\\w+/(.+)": _Handler.resolve,
}


def _is_large(path: str, size: int) -> bool:
    return path.endswith(".safetensors") or size > LFS_ABOVE


def _git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
