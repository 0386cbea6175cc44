"""Many clients at once, a full queue, an error inside, and the end."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_server import Answer, Running, serving

from crosslift.errors import DataError, StudyError
from crosslift.live import app
from crosslift.live.app import LiveSearch
from crosslift.live.options import LiveOptions, check_options, token_of
from crosslift.live.refusals import Refusal
from crosslift.live.server import bound
from crosslift.live.worker import Worker

CLIENTS = 50


def test_fifty_clients_at_once_get_what_one_gets(server: Running) -> None:
    """A client that the queue has no room for asks again after the time that the answer names."""
    alone = {text: server.search(text, "names:texts").json for text in ("Hund", "cat", "كلب")}
    start = threading.Barrier(CLIENTS)

    def ask(number: int) -> bool:
        text = list(alone)[number % len(alone)]
        start.wait(60)
        for _ in range(100):
            answer = server.search(text, "names:texts")
            if answer.status != 503:
                return answer.json == alone[text]
            assert int(answer.headers["retry-after"]) >= 1
            time.sleep(0.2)
        return False

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert list(pool.map(ask, range(CLIENTS))) == [True] * CLIENTS


def test_a_full_queue_refuses_and_the_rest_is_answered(
    live: LiveSearch, options: LiveOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, search = threading.Event(), app.search

    def slow(*arguments: Any) -> Any:
        assert go.wait(60)
        return search(*arguments)

    monkeypatch.setattr(app, "search", slow)
    few = replace(live, searches=Worker("few", 3), thumbnails=Worker("more", 3))
    with serving(few, options) as server, ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(server.search, "cat", "corpus") for _ in range(12)]
        while sum(each.done() for each in answers) < 9:
            time.sleep(0.01)
        assert server.ask("/api/live").status == 200, "other addresses answer meanwhile"
        go.set()
        statuses = sorted(each.result().status for each in answers)
        assert statuses == [200] * 3 + [503] * 9
        refused = next(each.result() for each in answers if each.result().status == 503)
        assert int(refused.headers["retry-after"]) >= 1
        assert server.search("cat", "corpus").status == 200


def test_an_error_inside_is_told_to_the_terminal_alone(
    live: LiveSearch, options: LiveOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(app, "search", broken)
    copied = replace(live, searches=Worker("c", 3), thumbnails=Worker("d", 3))
    with serving(copied, options) as server:
        answer: Answer = server.search("cat", "corpus")
        assert answer.status == 500 and b"secret" not in answer.body
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert server.ask("/api/live").status == 200


def test_a_worker_that_ends_cancels_what_waits() -> None:
    async def both() -> tuple[Any, Any]:
        worker = Worker("end", 5)
        go = threading.Event()
        first = asyncio.create_task(worker.do(lambda: go.wait(60)))
        second = asyncio.create_task(worker.do(lambda: 2))
        await asyncio.sleep(0)
        closing = threading.Thread(target=worker.close)
        closing.start()
        go.set()
        ends = await asyncio.gather(first, second, return_exceptions=True)
        closing.join()
        with pytest.raises(Refusal, match="ends"):
            await worker.do(lambda: 3)
        return ends[0], ends[1]

    first, second = asyncio.run(both())
    assert first is True and (second == 2 or isinstance(second, asyncio.CancelledError))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_alone_needs_no_token(host: str) -> None:
    assert token_of(LiveOptions(Path("run"), host)) is None


def test_other_machines_need_a_token() -> None:
    first, second = (token_of(LiveOptions(Path("run"), "0.0.0.0")) for _ in range(2))
    assert first and second and first != second and len(first) >= 32
    given = LiveOptions(Path("run"), "0.0.0.0", token="sixteen-or-more-letters")
    assert token_of(given) == "sixteen-or-more-letters"


@pytest.mark.parametrize("character", [*'+&#% ;"\n', "é"])
def test_a_token_has_only_characters_that_addresses_have_as_they_are(character: str) -> None:
    for token in (f"sixteen-or-more{character}letters", f"sixteen-or-more-letters{character}"):
        with pytest.raises(StudyError, match="1 of them of other kinds") as caught:
            check_options(LiveOptions(Path("run"), token=token))
        assert token not in str(caught.value)
    check_options(LiveOptions(Path("run"), token="Sixteen.or_more~letters-0"))


def test_wrong_options_are_found_first(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="a token of 5 characters"):
        check_options(LiveOptions(tmp_path, token="short"))
    with pytest.raises(DataError, match="no file"):
        check_options(LiveOptions(tmp_path, corpus=tmp_path / "none.txt"))
    with pytest.raises(DataError, match="not a folder"):
        check_options(LiveOptions(tmp_path, images=tmp_path / "none"))
    with (
        bound(LiveOptions(tmp_path, port=0)) as (listening, _),
        pytest.raises(DataError, match="cannot listen at"),
        bound(LiveOptions(tmp_path, port=listening.getsockname()[1])),
    ):
        pass


def test_ctrl_c_ends_it_cleanly(run_of_arms: Path, own_data: tuple[Path, Path]) -> None:
    corpus, images = own_data
    command = [sys.executable, "-c", "from crosslift.cli.main import main; main()", "explore"]
    options = ("--serve", "--port", "0", "--corpus", str(corpus), "--images", str(images))
    process = subprocess.Popen(
        [*command, str(run_of_arms), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        lines = []
        while "Ctrl-C" not in (line := process.stdout.readline()):
            assert line, process.communicate()
            lines.append(line)
        port = re.search(r"http://127\.0\.0\.1:(\d+)/#view=live\n", "".join(lines))
        assert port and "broken.png" in "".join(lines)
        server = Running(int(port[1]))
        assert json.loads(server.search("ein Hund", "corpus").body)["searched"] > 1
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "ended\n", "")
