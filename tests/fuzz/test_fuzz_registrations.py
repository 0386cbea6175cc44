"""Locks of registered studies, and ledgers of claims: a value, or the errors of a study."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st
from test_fuzz_studies import ODD, SMALL, odd_studies, places

from crosslift.claims.reading import parse_ledger
from crosslift.errors import StudyError
from crosslift.studies.reading import study_of
from crosslift.studies.registration import asked_of, lock_path, read_lock, register

LEDGERS = [
    each.read_text(encoding="utf-8")
    for each in sorted(resources.files("crosslift.claims").iterdir(), key=lambda p: p.name)
    if each.name.endswith(".yaml")
]


@pytest.fixture(scope="module")
def registered_study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bytes]]:
    """A study file with its lock, and the lock's content."""
    study = tmp_path_factory.mktemp("registered") / "small.yaml"
    study.write_text(SMALL, encoding="utf-8")
    register(study)
    yield study, lock_path(study).read_bytes()


@st.composite
def odd_values(draw: st.DrawFn, whole: Any) -> Any:
    """A nested value with odd parts at a few places."""
    root = [copy.deepcopy(whole)]
    for _ in range(draw(st.integers(1, 3))):
        owner: Any = root
        path = (0, *draw(st.sampled_from(places(whole))))
        with suppress(KeyError, IndexError, TypeError):
            for key in path[:-1]:
                owner = owner[key]
            owner[path[-1]] = copy.deepcopy(draw(ODD))
    return root[0]


@FUZZ
@given(st.data())
def test_any_lock_is_read_or_refused(
    registered_study: tuple[Path, bytes], data: st.DataObject
) -> None:
    study, whole = registered_study
    content = data.draw(
        st.one_of(
            st.binary(),
            damaged(whole, (b'"asked": []', b"NaN", b"1e999", b"{", b'"\\ud800"')),
            odd_values(json.loads(whole)).map(lambda value: json.dumps(value).encode()),
        )
    )
    lock_path(study).write_bytes(content)
    with suppress(StudyError):
        lock = read_lock(study)
        assert lock is not None
        assert list(lock.differences(lock.asked)) == []


@FUZZ
@given(odd_studies())
def test_what_any_study_asks_otherwise_is_listed(
    registered_study: tuple[Path, bytes], raw: dict[Any, Any]
) -> None:
    study, whole = registered_study
    lock_path(study).write_bytes(whole)
    lock = read_lock(study)
    assert lock is not None
    with suppress(StudyError):
        asked = asked_of(study_of(raw))
        differences = "\n".join(lock.differences(asked))
        assert bool(differences) == (asked != lock.asked)


@FUZZ
@given(st.data())
def test_any_ledger_is_read_or_refused(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(LEDGERS))
    text = data.draw(
        st.one_of(
            st.text(),
            damaged(whole.encode(), (b"&a ", b"*a", b"[", b"{", b"- ", b"!!set ")).map(
                lambda content: content.decode(errors="replace")
            ),
            odd_values(yaml.safe_load(whole)).map(json.dumps),
        )
    )
    with suppress(StudyError):
        parse_ledger(text).model_dump_json().encode(errors="surrogatepass")
