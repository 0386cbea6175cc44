"""Fetching CLDR's names: from a registry on this machine, checked, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.sources.cldr.fetch_names import Package, fetch_cldr
from crosslift.sources.cldr.find_names import VERSION, cldr_place, fetched_folder
from crosslift.sources.cldr.read_names import read_cldr

NAMES = {"annotations": {"annotations": {"😀": {"tts": ["grinsendes Gesicht"]}}}}


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("crosslift.sources.cldr.find_names.DEBIAN", tmp_path / "none")
    (tmp_path / "registry").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "registry"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def publish(
    root: Path, name: str, member: str = "package/annotations/de/annotations.json"
) -> Package:
    content = json.dumps(NAMES).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        facts = tarfile.TarInfo(member)
        facts.size = len(content)
        archive.addfile(facts, io.BytesIO(content))
    path = root / "registry" / name / "-" / f"{name}-{VERSION}.tgz"
    path.parent.mkdir(parents=True)
    path.write_bytes(buffer.getvalue())
    return Package(name, hashlib.sha256(buffer.getvalue()).hexdigest(), len(buffer.getvalue()))


def test_fetched_names_are_those_of_cldr_alone(registry: str, tmp_path: Path) -> None:
    package = publish(tmp_path, "names")
    place = fetch_cldr(registry, (package,))
    assert place == fetched_folder() == cldr_place(Path("cldr:"))
    assert read_cldr(place) == {"de": {"1F600": "grinsendes Gesicht"}}
    assert fetch_cldr("http://127.0.0.1:1", (package,)) == place  # nothing is downloaded twice


def test_another_file_is_refused_and_nothing_is_left(registry: str, tmp_path: Path) -> None:
    good, other = publish(tmp_path, "names"), publish(tmp_path, "other")
    changed = other._replace(sha256="0" * 64)
    with pytest.raises(DataError, match="checksum mismatch"):
        fetch_cldr(registry, (good, changed))
    assert list(fetched_folder().parent.iterdir()) == []


def test_a_path_that_leads_outside_is_refused(registry: str, tmp_path: Path) -> None:
    package = publish(tmp_path, "names", "../../../outside.json")
    with pytest.raises(DataError, match="cannot be unpacked"):
        fetch_cldr(registry, (package,))
    assert not list(tmp_path.rglob("outside.json"))
    assert not fetched_folder().exists()


@pytest.mark.parametrize(
    ("address", "message"),
    [("http://127.0.0.1:1", "cannot be downloaded"), ("file:///etc", "begins with https")],
)
@pytest.mark.usefixtures("registry")
def test_no_registry(address: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fetch_cldr(address)
