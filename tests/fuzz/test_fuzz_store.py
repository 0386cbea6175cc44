"""The store: manifests, notes and files of artifacts that are damaged or hostile."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st

from crosslift.artifacts.keys import key_of
from crosslift.artifacts.manifest import MANIFEST, Manifest
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError

_KEY = "0123abcd"
_MADE = Manifest(
    "encode", _KEY, "texts", {"a": [1, "é"]}, {"torch": "2"}, "2026-01-01T00:00:00", 1.5, 3.0
)
_CONTENT = json.loads(json.dumps(asdict(_MADE)))
_EARLIER = json.dumps(_CONTENT, indent=1).encode()
_WHOLE = json.dumps(_CONTENT | {"checksum": key_of(_CONTENT)}, indent=1).encode()
_PIECES = (
    b"[" * 2000,
    b"9" * 5000,
    b"null",
    b'"',
    b"}",
    b"\\ud800",
    b"NaN",
    b",",
    b'"checksum": 1',
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("fuzz"))
    store.place("encode", _KEY).mkdir(parents=True)
    store.unfinished(_KEY).mkdir(parents=True)
    return store


def read(store: Store) -> Manifest | None:
    with suppress(ArtifactError):
        fresh = Store(store.root)
        fresh.open("encode", _KEY)
        return fresh.manifest("encode", _KEY)
    return None


@FUZZ
@given(data=damaged(_WHOLE, _PIECES))
def test_a_damaged_manifest_is_an_error_or_says_the_same(store: Store, data: bytes) -> None:
    (store.place("encode", _KEY) / MANIFEST).write_bytes(data)
    assert read(store) in (None, _MADE)


@FUZZ
@given(data=damaged(_EARLIER, _PIECES))
def test_a_damaged_manifest_without_a_checksum(store: Store, data: bytes) -> None:
    (store.place("encode", _KEY) / MANIFEST).write_bytes(data)
    found = read(store)
    assert found is None or found.key == _KEY


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)
_NAMES = st.sampled_from([field.name for field in fields(Manifest)] + ["checksum"]) | st.text()


@FUZZ
@given(values=st.dictionaries(_NAMES, _VALUES))
def test_any_values_in_a_manifest(store: Store, values: dict[str, Any]) -> None:
    (store.place("encode", _KEY) / MANIFEST).write_text(json.dumps(_CONTENT | values))
    read(store)


@FUZZ
@given(data=damaged(json.dumps([{"threads": "1"}]).encode(), _PIECES), right=st.booleans())
def test_a_note_of_environments(store: Store, data: bytes, right: bool) -> None:
    note: Path = store.unfinished(_KEY) / "environments.json"
    note.write_bytes(data)
    noted = hashlib.sha256(data).hexdigest() if right else "0" * 64
    note.with_name(".environments.json.sha256").write_text(json.dumps([noted]))
    with suppress(ArtifactError):
        store.attempt_environments(_KEY)
        assert right
