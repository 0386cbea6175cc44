"""Requests that are refused, and that a refused one does no harm."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace

import pytest
from live_server import Running, png, serving

from crosslift.live.app import LiveSearch
from crosslift.live.encoders import MAX_TEXT, MAX_UPLOAD
from crosslift.live.options import LiveOptions
from crosslift.live.worker import Worker

JSON = {"content-type": "application/json"}
PNG = {"content-type": "image/png"}
SEARCH = "/api/search/text"
UPLOAD = "/api/search/picture?pool=images"
GOOD = json.dumps({"text": "a cat", "pool": "corpus"}).encode()
TOKEN = "a-token-for-tests-only"


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that declares many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        sum_ = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + sum_

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(100))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def test_the_page_allows_its_own_script_alone(server: Running) -> None:
    answer = server.ask("/")
    policy = answer.headers["content-security-policy"]
    assert answer.status == 200 and b"page" in answer.body
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    # printf "document.title = 'live'" | openssl dgst -sha256 -binary | base64
    assert "script-src 'sha256-+qpH51bvwfhkV7Nqqp9cfCFLGJO92fEfppScVqNx5zg='" in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]


@pytest.mark.parametrize("path", ["/", "/api/live", "/nowhere", "/api/picture/images/0"])
def test_every_answer_has_the_headers_that_protect_it(server: Running, path: str) -> None:
    headers = server.ask(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "attacker.example"}, 421),
        ({"host": "attacker.example:8765"}, 421),
        ({"host": "localhost.attacker.example"}, 421),
        ({"host": "10.0.0.1"}, 421),
        ({"host": ""}, 421),
        ({"host": "[::"}, 421),
        ({"origin": "http://attacker.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://localhost:99999"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
    ],
)
def test_other_sites_and_other_names_of_this_machine_are_refused(
    server: Running, headers: Mapping[str, str], status: int
) -> None:
    for path, body in (("/api/live", None), (SEARCH, GOOD), ("/", None)):
        answer = server.ask(path, body, JSON | headers)
        assert answer.status == status and b"hits" not in answer.body


def test_a_request_without_a_host_or_with_two_is_refused(server: Running) -> None:
    for lines in ("GET /api/live HTTP/1.0", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: a.example"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(f"{lines}\r\nConnection: close\r\n\r\n".encode())
            assert connection.recv(4096).split()[1] in (b"421", b"400")


def test_its_own_page_and_people_may_ask(server: Running) -> None:
    own = f"127.0.0.1:{server.port}"
    for headers in (
        {"host": own, "origin": f"http://{own}", "sec-fetch-site": "same-origin"},
        {"host": "localhost:9000", "sec-fetch-site": "none"},  # through a tunnel
        {"host": "[::1]:9000"},
        {"host": "localhost:99999"},
        {},
    ):
        assert server.ask(SEARCH, GOOD, JSON | headers).status == 200
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert server.ask("/", headers=link | {"sec-fetch-dest": "document"}).status == 200
    assert server.ask("/", headers=link | {"sec-fetch-dest": "iframe"}).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/api/picture/images/../../../etc/passwd",
        "/api/picture/images/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/api/picture/..%2f..%2fsecret.png/0",
        "/api/picture/images/secret.png",
        "/api/picture/images/-1",
        "/api/picture/images/99999999999999999999999999",
        "/api/picture/nothing/0",
        "/study.json",
        "/api/live/",
        "//etc/passwd",
        "/api/search/text",
    ],
)
def test_no_address_leads_to_a_file(server: Running, path: str) -> None:
    answer = server.ask(path)
    assert answer.status in (404, 405) and b"root:" not in answer.body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"[" * 60_000, 400),
        (b'{"text": "\\ud800", "pool": "corpus"}', 400),
        (b'{"text": "   ", "pool": "corpus"}', 400),
        (b'{"text": "", "pool": "corpus"}', 400),
        (b'{"text": 1, "pool": "corpus"}', 400),
        (b'{"text": "a"}', 400),
        (b'{"text": "a", "pool": "corpus", "count": 0}', 400),
        (b'{"text": "a", "pool": "corpus", "count": 101}', 400),
        (b'{"text": "a", "pool": "corpus", "count": NaN}', 400),
        (b'{"text": "a", "pool": "corpus", "path": "/etc/passwd"}', 400),
        (b'{"text": "a", "pool": "corpus", "languages": ["zz"]}', 400),
        (b'{"text": "a", "pool": "/etc/passwd"}', 404),
        (json.dumps({"text": "x" * (MAX_TEXT + 1), "pool": "corpus"}).encode(), 400),
        (b" " * (32 * MAX_TEXT), 413),  # a still larger body is not read to its end
    ],
)
def test_a_malformed_search_is_refused_in_words(server: Running, body: bytes, status: int) -> None:
    answer = server.ask(SEARCH, body, JSON, "POST")
    assert answer.status == status and answer.json["error"]
    assert b"Traceback" not in answer.body and b"pydantic" not in answer.body


def test_the_longest_text_is_read(server: Running) -> None:
    assert server.search("\U0001f600" * MAX_TEXT, "corpus", count=1).status == 200


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        (SEARCH, GOOD, {}, 415),
        (SEARCH, GOOD, {"content-type": "text/plain"}, 415),
        (SEARCH, GOOD, {"content-type": "application/x-www-form-urlencoded"}, 415),
        (SEARCH, GOOD, JSON | {"content-encoding": "gzip"}, 415),
        (UPLOAD, png(), {"content-type": "application/octet-stream"}, 415),
        (UPLOAD, png(), {"content-type": "image/svg+xml"}, 415),
        (UPLOAD, png(), {"content-type": "image/jpeg"}, 415),
        (UPLOAD, b"<svg xmlns='http://www.w3.org/2000/svg'/>", PNG, 415),
        (UPLOAD, b"GIF89a", {"content-type": "image/gif"}, 415),
        (UPLOAD, b"", PNG, 415),
        (UPLOAD, png()[:60], PNG, 400),
        (UPLOAD, bomb(10_000, 10_000), PNG, 413),
        (UPLOAD, bomb(1_000_000, 1_000_000), PNG, 413),
        (UPLOAD, bytes(MAX_UPLOAD + 1), PNG, 413),
        (UPLOAD, bytes(2 * MAX_UPLOAD), PNG, 413),
        ("/api/search/picture", png(), PNG, 400),
        (UPLOAD + "&count=many", png(), PNG, 400),
        (UPLOAD + "&file=/etc/passwd", png(), PNG, 400),
    ],
)
def test_bad_bodies_are_refused(
    server: Running, path: str, body: bytes, headers: Mapping[str, str], status: int
) -> None:
    answer = server.ask(path, body, headers, "POST")
    assert answer.status == status and answer.json["error"]
    assert server.ask(SEARCH, GOOD, JSON).status == 200


def test_a_size_that_is_not_read_is_not_named(server: Running) -> None:
    """Pillow opens no picture of so many pixels, and does not say how many they are."""
    large = server.ask(UPLOAD, bomb(10_000, 10_000), PNG, "POST").json["error"]
    larger = server.ask(UPLOAD, bomb(1_000_000, 1_000_000), PNG, "POST").json["error"]
    assert large == (
        "the picture declares 10000 x 10000 = 100,000,000 pixels; expected: at most 50,000,000"
    )
    assert larger == "the picture declares too many pixels; expected: at most 50,000,000"


def test_an_upload_without_a_length_is_not_read_to_its_end(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    sent = 0

    def chunks():
        nonlocal sent
        for _ in range(256):
            sent += 1
            yield bytes(2**20)

    try:
        connection.request("POST", UPLOAD, chunks(), PNG, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        assert sent < 256, "the server hung up before the end"
    finally:
        connection.close()


def test_with_a_token_nothing_is_answered_without_it(
    live: LiveSearch, options: LiveOptions
) -> None:
    copied = replace(live, searches=Worker("a", 4), thumbnails=Worker("b", 4))
    with serving(copied, options, TOKEN) as server:
        cookie = f"crosslift-{server.port}"
        for headers in (
            {},
            {"authorization": "Bearer wrong"},
            {"authorization": f"Basic {TOKEN}"},
            {"authorization": "Bearer \xff\xfe"},
            {"cookie": f"{cookie}=wrong"},
            {"cookie": f"crosslift-1={TOKEN}"},
            {"cookie": "=;;=\x01"},
        ):
            for path in ("/", "/api/live", "/api/picture/images/0", "/nowhere"):
                assert server.ask(path, headers=headers).status in (400, 401)
            assert server.ask(SEARCH, GOOD, JSON | headers).status in (400, 401)
        assert server.ask(f"/api/live?token={TOKEN}").status == 401, "it is not part of addresses"
        assert server.ask("/?token=wrong").status == 401
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert server.ask(SEARCH, GOOD, JSON | bearer).status == 200
        assert (
            server.ask(SEARCH, GOOD, JSON | bearer | {"origin": "http://a.example"}).status == 403
        )
        opened = server.ask(f"/?token={TOKEN}")
        assert (opened.status, opened.headers["location"]) == (303, "/")
        assert "httponly" in opened.headers["set-cookie"].lower()
        kept = {"cookie": opened.headers["set-cookie"].partition(";")[0]}
        assert server.ask("/", headers=kept).status == 200
        assert server.ask(SEARCH, GOOD, JSON | kept).status == 200


def test_a_server_of_the_network_answers_to_its_addresses_and_its_name(
    live: LiveSearch, options: LiveOptions
) -> None:
    copied = replace(live, searches=Worker("e", 4), thumbnails=Worker("f", 4))
    bearer = {"authorization": f"Bearer {TOKEN}"}
    with serving(copied, replace(options, host="0.0.0.0"), TOKEN) as server:
        for host in ("10.0.0.1:80", "[fe80::1]", socket.gethostname(), "localhost"):
            assert server.ask("/api/live", headers=bearer | {"host": host}).status == 200
            assert server.ask("/api/live", headers={"host": host}).status == 401
        for host in (
            "attacker.example",
            f"{socket.gethostname()}.attacker.example",
            "10.0.0.1.nip.io",
        ):
            assert server.ask("/api/live", headers=bearer | {"host": host}).status == 421
