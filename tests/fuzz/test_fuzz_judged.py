"""Files of queries, passages and judgements: sets that hold together, or the errors of data."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from damage import damaged
from fuzz_settings import FUZZ
from hypothesis import given
from hypothesis import strategies as st

from crosslift.errors import CrossLiftError
from crosslift.sources.judged.layouts import load_judged

FILES = {
    "de/queries.jsonl": b'{"_id": "q0", "text": "Frage"}\n{"_id": "q1", "text": "zwei"}\n',
    "de/corpus.jsonl": b'{"_id": "d0", "title": "T", "text": "Text"}\n{"_id": "d1", "text": "b"}\n',
    "de/qrels/test.tsv": b"query-id\tcorpus-id\tscore\nq0\td0\t2\nq1\td1\t1\n",
}
LOGS = b"Frage\tText\t2\nFrage\tanderer\t0\nzwei\tText\t1\n"
CLIR = b'{"src_id": "1", "src_query": "Hund", "tgt_results": [["5", 6], ["6", 0]]}\n'
PIECES = (b"\t", b"\t\t", b"nan", b"-1", b"\xff", b"\0", b"\r", b'"_id"', b"null", b"[", b"{}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("judged")


def check(folder: Path, contents: dict[str, bytes]) -> None:
    shutil.rmtree(folder)
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with suppress(CrossLiftError):
        for judged in load_judged(folder).sets:
            pool = judged.pool
            assert len(pool.ids) == len(set(pool.ids)) == len(pool.texts) == len(pool.languages)
            assert all(text.strip() for text in (*pool.texts, *judged.queries.values()))
            assert set(judged.grades) == set(judged.queries)
            for query in judged.queries:
                assert judged.relevant(query)
                assert set(judged.grades[query]) <= set(pool.ids)


@pytest.mark.parametrize("name", FILES)
@FUZZ
@given(data=st.data())
def test_any_file_of_a_collection_is_read_or_refused(
    folder: Path, name: str, data: st.DataObject
) -> None:
    check(folder, FILES | {name: data.draw(damaged(FILES[name], PIECES))})


@FUZZ
@given(damaged(LOGS, PIECES))
def test_any_log_is_read_or_refused(folder: Path, content: bytes) -> None:
    check(folder, {"own.de.tsv": content})


@FUZZ
@given(damaged(CLIR, PIECES), damaged(b"5\tA dog\n6\tAnimals\n", PIECES))
def test_any_clir_matrix_is_read_or_refused(folder: Path, queries: bytes, docs: bytes) -> None:
    check(folder, {"de.en.test1.jl": queries, "en.tsv": docs})
