"""Which files of a folder are queries, passages and judgements, in the layouts of published sets.

A layout is a function from a folder to its `Collection`s; None if the folder has another layout. Its
files are read in one way, whatever the layout (`judged_files`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crosslift.errors import DataError
from crosslift.languages import code_meant, is_known
from crosslift.sources.bitext_names import code_in_name
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.judged.clir_matrix import clir_matrix
from crosslift.sources.judged.collection import Collection, JudgedFiles, Reader
from crosslift.sources.judged.judged_set import JudgedSet
from crosslift.sources.judged.lareqa import lareqa
from crosslift.sources.judged.logs import logs
from crosslift.sources.judged.mewsli import mewsli

JUDGED_LAYOUTS = (
    "queries.jsonl, corpus.jsonl and qrels/test.tsv (BEIR); queries.tsv, collection.tsv and qrels.txt "
    "(TREC); either in a sub-folder for each language (de, or de-en: queries in German, passages in "
    "English) or with codes in the names (queries.de.tsv); MIRACL, Mr. TyDi, mMARCO, CLIRMatrix, "
    "LAReQA, Mewsli-X as published; your own logs NAME.de.tsv (query, tab, passage, tab, grade)"
)
_SPLITS = ("test", "dev", "train")
_KINDS = {
    **dict.fromkeys(("queries", "query", "topics", "topic"), "queries"),
    **dict.fromkeys(("corpus", "collection", "docs", "passages"), "passages"),
    "qrels": "grades",
}
_ENDINGS = (".jsonl", ".tsv", ".txt", ".qrels")
_PAIR = re.compile(r"([a-z]{2,3})-([a-z]{2,3})")
_MIRACL = re.compile(r"miracl-v1\.0-([a-z]{2})")
_MMARCO = re.compile(r"([a-z]+)_collection\.tsv")


@dataclass(frozen=True)
class LoadedSets:
    """The sets of a folder.

    Args:
        sets: in the order of their names.
        pool: the pool that queries search by default; None: each set's own.
        unread: file that is not read -> why.
    """

    sets: Sequence[JudgedSet]
    pool: str | None = None
    unread: Mapping[str, str] = field(default_factory=dict)


def load_judged(folder: Path, language: str | None = None) -> LoadedSets:
    """The queries, passages and judgements of a folder, in the first layout that fits.

    Args:
        folder: where the files are.
        language: language of files that do not state one.

    Raises:
        DataError: no layout fits, or a file cannot be used: the error names file, row and remedy.
    """
    unread: dict[str, str] = {}
    layouts: tuple[Callable[[Path], Sequence[JudgedFiles] | None], ...] = (
        _miracl,
        _mmarco,
        clir_matrix,
        mewsli,
        lambda place: _named_files(place, language, unread),
        logs,
        lareqa,
    )
    for layout in layouts:
        collections = layout(folder)
        if collections:
            reader = Reader()
            sets = [each for c in collections for each in c.sets(reader)]
            unread |= reader.left_out
            ordered = sorted(sets, key=lambda each: each.name)
            return LoadedSets(ordered, collections[0].default_pool, unread)
    raise DataError(f"{folder} has no queries with judgements", JUDGED_LAYOUTS)


def _miracl(folder: Path) -> list[Collection] | None:
    """``miracl-v1.0-de/topics/topics.miracl-v1.0-de-dev.tsv`` and ``qrels/...``, and
    ``miracl-corpus-v1.0-de/docs-0.jsonl.gz`` beside it (Zhang et al. 2023)."""
    collections = []
    for part in _folders(folder):
        match = _MIRACL.fullmatch(part.name)
        if match is None:
            continue
        code = match[1]
        for split in ("dev", "test-a", "test-b", "train"):
            name = f"{part.name}-{split}.tsv"
            grades = part / "qrels" / f"qrels.{name}"
            if not grades.is_file():
                continue
            corpus = folder / f"miracl-corpus-v1.0-{code}"
            docs = sorted(corpus.glob("docs-*.jsonl*"))
            if not docs:
                raise DataError(
                    f"{corpus} has no passages", "docs-0.jsonl.gz, ... beside the topics"
                )
            queries = part / "topics" / f"topics.{name}"
            collections.append(Collection({code: [queries]}, {code: docs}, {None: grades}))
            break
    return collections or None


def _mmarco(folder: Path) -> list[Collection] | None:
    """``collections/german_collection.tsv``, ``queries/dev/german_queries.dev.small.tsv`` and
    ``qrels.dev.small.tsv`` in the folder or above it (Bonifacio et al. 2021). A passage has one id in
    all languages."""
    inner = (folder, *(path for path in _folders(folder) if path.name in ("google", "helsinki")))
    root = next((path for path in inner if (path / "collections").is_dir()), None)
    if root is None:
        return None
    for name in ("dev.small", "dev"):
        grades = [p / f"qrels.{name}.tsv" for p in (root, root.parent) if p != folder.parent]
        grades += [folder.parent / f"qrels.{name}.tsv"]
        existing = [path for path in grades if path.is_file()]
        queries: dict[str | None, list[Path]] = {}
        passages: dict[str | None, list[Path]] = {}
        for path in entries_of(root / "collections", "mMARCO's collections"):
            match = _MMARCO.fullmatch(path.name)
            code = _code(match[1]) if match else None
            topics = root / "queries" / "dev" / f"{match[1]}_queries.{name}.tsv" if match else path
            if match and code:
                passages[code] = [path]
                if topics.is_file():
                    queries[code] = [topics]
        if existing and queries:
            return [Collection(queries, passages, {None: existing[0]})]
    raise DataError(
        f"{root} has collections without queries or judgements",
        "queries/dev/german_queries.dev.small.tsv and qrels.dev.small.tsv",
    )


def _named_files(
    folder: Path, language: str | None, unread: dict[str, str]
) -> list[Collection] | None:
    """BEIR, TREC and Mr. TyDi: files named by their content, in the folder or in one folder for each
    language."""
    whole = _named_collection(folder, _folder_codes(folder.name, published=True), language, unread)
    if whole is not None:
        return [whole]
    collections = []
    for part in _folders(folder):
        codes = _folder_codes(part.name)
        collection = _named_collection(part, codes, None, unread) if codes else None
        if collection is not None:
            collections.append(collection)
    return collections or None


def _named_collection(
    folder: Path, codes: tuple[str, ...], language: str | None, unread: dict[str, str]
) -> Collection | None:
    """The files of one folder.

    Args:
        folder: the folder.
        codes: languages of its queries and of its passages, by its name; may be empty.
        language: language of texts for which neither a file name nor a row states one.
        unread: receives the files of other splits.
    """
    parts: dict[str, dict[tuple[str, str], list[Path]]] = {}
    inner = (folder / "qrels", folder / "collection")
    for place in (folder, *(path for path in inner if path.is_dir())):
        default = (
            {"qrels": "grades", "collection": "passages"}.get(place.name)
            if place != folder
            else None
        )
        for path in entries_of(place, JUDGED_LAYOUTS):
            named = _named(path, default) if path.is_file() else None
            if named is not None:
                kind, code, split = named
                parts.setdefault(kind, {}).setdefault((code, split), []).append(path)
    if set(parts) != {"queries", "passages", "grades"}:
        return None
    grades, queries = (parts["grades"], parts["queries"])
    split = next(s for s in ("test", "", *_SPLITS) if any(s == of for _, of in grades))
    skipped = [p for (_, of), paths in grades.items() if of != split for p in paths]
    unread |= {
        str(path.relative_to(folder.parent)): "judgements of another split" for path in skipped
    }
    of_queries, of_passages = codes[:1] or (language,), codes[-1:] or (language,)
    return Collection(
        _by_code(queries, split, of_queries[0]),
        _by_code(parts["passages"], split, of_passages[0]),
        {code or None: paths[0] for (code, of), paths in grades.items() if of == split},
    )


def _by_code(
    files: Mapping[tuple[str, str], list[Path]], split: str, default: str | None
) -> dict[str | None, Sequence[Path]]:
    """Language -> its files of a split, else those of no split."""
    chosen: dict[str | None, Sequence[Path]] = {}
    for wanted in ("", split):
        chosen |= {code or default: paths for (code, of), paths in files.items() if of == wanted}
    return chosen


def _named(path: Path, kind: str | None) -> tuple[str, str, str] | None:
    """The content of a file by its name, its language and its split, which both may be empty; None for
    any other name."""
    name = path.name.removesuffix(".gz")
    ending = next((ending for ending in _ENDINGS if name.endswith(ending)), None)
    if ending is None:
        return None
    words = name.removesuffix(ending).split(".")
    if words[0] in _KINDS:
        kind = _KINDS[words.pop(0)]
    code = split = ""
    for word in words:
        if word in _SPLITS:
            split = word
        elif _code(word):
            code = str(_code(word))
        else:
            return None
    return None if kind is None else (kind, code, split)


def _folder_codes(name: str, *, published: bool = False) -> tuple[str, ...]:
    """The languages of queries and passages that the name of a folder says; empty if it says none.

    Args:
        name: ``de``, ``german``, ``de-en`` or ``mrtydi-v1.1-arabic``.
        published: only the name of a published folder, such as the last, says it.
    """
    if name.startswith("mrtydi-"):
        name = name.rpartition("-")[2]
    elif published:
        return ()
    if pair := _PAIR.fullmatch(name):  # a region, as in pt-BR, is in upper case
        codes = [code for code in map(_code, pair.groups()) if code]
        if len(codes) == 2:
            return (codes[0], codes[1])
    code = _code(name)
    return (code,) if code else ()


def _code(name: str) -> str | None:
    """The language that a word of a name means: a code, or an English name in lower case."""
    meant = code_meant(name)
    if meant != name and isinstance(meant, str) and is_known(meant):
        return meant
    return code_in_name(name)


def _folders(folder: Path) -> Iterable[Path]:
    return [path for path in entries_of(folder, JUDGED_LAYOUTS) if path.is_dir()]
