"""The names that a server answers to."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from crosslift.live.guard import Guard


@pytest.fixture
def slow_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every question for the name of this machine."""
    questions: list[str] = []

    def answered(name: str = "") -> str:
        questions.append(name)
        return "machine.example"

    monkeypatch.setattr(socket, "getfqdn", answered)
    return questions


def test_the_name_that_the_server_is_bound_to_is_its_name(slow_names: list[str]) -> None:
    guard = Guard(PlainTextResponse("here"), "Lab.example", None)
    for host, status in (
        *(("lab.example:8765", 200), ("LAB.EXAMPLE", 200), ("machine.example", 200)),
        *(("localhost", 200), ("10.0.0.1", 200), ("a.lab.example", 421), ("other.example", 421)),
    ):
        assert status_of(guard, host) == status, host
    assert len(slow_names) == 1, "no request waits for a name server"


def test_a_server_of_this_machine_alone_has_no_other_name(slow_names: list[str]) -> None:
    guard = Guard(PlainTextResponse("here"), "127.0.0.1", None)
    assert [status_of(guard, host) for host in ("localhost", "machine.example")] == [200, 421]
    assert not slow_names


def status_of(guard: Guard, host: str) -> int:
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/api/live", "query_string": b""}
    scope |= {"headers": [(b"host", host.encode())], "server": ("127.0.0.1", 8765)}
    asyncio.run(guard(scope, receive, send))
    return statuses[0]
