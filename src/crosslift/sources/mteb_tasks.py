"""Tasks of MTEB: found by name, with the data that `mteb` loads, from the hub or a local copy."""

from __future__ import annotations

import hashlib
import importlib
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.errors import DataError, UnknownNameError, first_few, first_line
from crosslift.languages import from_iso3, language
from crosslift.model_files.hub_answers import hub_refusal, is_answer, only_cached

PARALLEL = "parallel"
"""The name that MTEB gives to all subsets of a bitext whose rows are translations of one another."""
_REMEDY = (
    "connect to the hub, or give a local copy of the dataset's repository: `--data DIR` (in a study: "
    "`data: DIR`)"
)
_QUERIES, _CORPUS = "queries", "corpus"


@dataclass(frozen=True, slots=True)
class MtebTask:
    """A task of MTEB with its data, of one split.

    Args:
        task: an object of a class of `mteb`, loaded.
        split: split that is scored.
        subsets: language, or two such as ``de-en`` -> the name of a subset in MTEB.
    """

    task: Any
    split: str
    subsets: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name in MTEB."""
        return str(self.task.metadata.name)

    @property
    def main_score(self) -> str:
        """The name of its main score in MTEB, such as ``ndcg_at_10``."""
        return str(self.task.metadata.main_score)

    @property
    def families(self) -> frozenset[str]:
        """The names of the classes of `mteb` that it is derived from, such as ``AbsTaskRetrieval``."""
        return frozenset(each.__name__ for each in type(self.task).__mro__)

    @property
    def parallel(self) -> bool:
        """Whether the rows of its subsets are translations of one another."""
        return bool(getattr(self.task, "parallel_subsets", False))

    def one(self, subset: str) -> Any:
        """The task with one subset, in its initial state: its random generators are those of a new
        task."""
        import numpy as np

        task = copy(self.task)
        task.hf_subsets = [subset]
        task.rng_state, task.np_rng = random.Random(task.seed), np.random.default_rng(task.seed)
        return task

    def rows(self, subset: str) -> Any:
        """The data of the scored split of a subset, in the format of the task's class."""
        data = self.task.dataset
        if self.parallel:
            return data[self.split].select_columns(subset.split("-"))
        return data[self.split] if subset not in data else data[subset][self.split]

    def items(self, subset: str) -> dict[str, tuple[str, ...]]:
        """Id -> texts, of every query of a retrieval (its relevant documents, too) or of every row."""
        rows = self.rows(subset)
        if _is_retrieval(rows):
            return _queries(subset, rows)
        columns = self._columns(rows)
        prefix = "" if self.parallel else f"{subset}:"
        return {
            f"{prefix}{number}": tuple(_strings(values))
            for number, values in enumerate(zip(*columns, strict=False))
        }

    def texts(self, subset: str) -> set[str]:
        """Every text of the scored split of a subset, the documents of a retrieval, too."""
        texts = {text for of_item in self.items(subset).values() for text in of_item}
        rows = self.rows(subset)
        return texts.union(_documents(rows).values()) if _is_retrieval(rows) else texts

    def checksum(self, subset: str) -> str:
        """A checksum of the class and the name of the task, of its settings, and of the data of a
        subset, training splits included."""
        data = self.task.dataset
        of_subset = (
            data[subset] if subset in data and not self.parallel else self._of_splits(subset)
        )
        metadata = self.task.metadata
        facts = (type(self.task).__qualname__, metadata.name, metadata.main_score, self.split)
        digest = hashlib.sha256(repr((*facts, subset, _settings(self.task))).encode())
        _add(of_subset, digest)
        return digest.hexdigest()

    def _of_splits(self, subset: str) -> Any:
        return {self.split: self.rows(subset)} if self.parallel else self.task.dataset

    def _columns(self, rows: Any) -> list[Sequence[Any]]:
        """The columns that hold texts: those that the task names, else all but labels."""
        names = list(rows) if isinstance(rows, Mapping) else list(rows.column_names)
        named = getattr(self.task, "input_column_name", getattr(self.task, "column_names", ()))
        chosen = [name for name in names if name in ((named,) if isinstance(named, str) else named)]
        labels = {"label", "labels", "gold", "score", getattr(self.task, "label_column_name", None)}
        return [rows[name] for name in chosen or [name for name in names if name not in labels]]


def load_mteb_task(
    name: str,
    data: Path | None = None,
    languages: Sequence[str] | None = None,
    split: str | None = None,
) -> MtebTask:
    """A task of MTEB with its data.

    Args:
        name: name of the task in MTEB, or of a subclass of `mteb.AbsTask` that is imported.
        data: a local copy of the repository of its dataset; None: `mteb` loads it.
        languages: codes; None: all.
        split: split that is scored; None: `test`, or the task's first.

    Raises:
        UnknownNameError: there is no such task, language or split.
        DataError: `mteb` is not installed; the task is no task of texts, or an aggregate of others; its
            data cannot be loaded.
    """
    task = _task_class(name)()
    if getattr(task, "is_aggregate", False):
        parts = [part.metadata.name for part in task.metadata.tasks]
        raise DataError(f"{name} is an aggregate of MTEB's tasks", f"one of {first_few(parts)}")
    others = [each for each in task.modalities if each != "text"]
    if others:
        raise DataError(f"MTEB's task {name} has {', '.join(others)}", "a task of texts alone")
    chosen = split or ("test" if "test" in task.eval_splits else task.eval_splits[0])
    if chosen not in task.eval_splits:
        raise UnknownNameError(f"split of MTEB's task {name}", chosen, task.eval_splits)
    subsets = _requested(name, _named(task.metadata.hf_subsets_to_langscripts), languages)
    task.hf_subsets = list(subsets.values())
    task.filter_eval_splits([chosen])
    if data is not None:
        dataset = {**task.metadata.dataset, "path": str(data)}
        task.metadata = task.metadata.model_copy(update={"dataset": dataset})
    _load(task, data)
    return MtebTask(task, chosen, subsets)


def _load(task: Any, data: Path | None) -> None:
    """Loads the data of a task, from the cache alone where the hub does not answer."""
    dataset = task.metadata.dataset
    refusal = None
    if data is None:
        refusal = hub_refusal(dataset["path"], dataset.get("revision"), dataset=True)
    try:
        with only_cached() if refusal and not is_answer(refusal) else nullcontext():
            task.load_data()
            if hasattr(task, "convert_v1_dataset_format_to_v2"):
                task.convert_v1_dataset_format_to_v2(num_proc=None)
    except Exception as error:
        place = f"of {data}" if data else f"{dataset['path']} of the hub"
        raise DataError(
            f"the data of MTEB's task {task.metadata.name}, {place}, cannot be loaded: "
            f"{first_line(error)}",
            "the dataset as MTEB's task reads it",
            _REMEDY,
        ) from error


def _task_class(name: str) -> type[Any]:
    try:
        listed = importlib.import_module("mteb.get_tasks").TASK_LIST
        root = importlib.import_module("mteb").AbsTask
    except ImportError as error:
        raise DataError(
            f"the target mteb:{name} needs the package `mteb`: {first_line(error)}",
            remedy="`pip install 'crosslift[mteb]'`",
        ) from error
    classes: dict[str, type[Any]] = {
        each.metadata.name: each for each in (*_subclasses(root), *listed)
    }
    if name not in classes:
        raise UnknownNameError("task of MTEB", name, classes, "mteb available-tasks")
    return classes[name]


def _subclasses(root: type[Any]) -> Iterator[type[Any]]:
    """Every imported subclass that is a task, including those of users."""
    for each in root.__subclasses__():
        if getattr(each, "metadata", None) is not None:
            yield each
        yield from _subclasses(each)


def _named(langscripts: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Language, or two languages -> subset. If several subsets have the same languages, or one has more
    than two, the key is the name of the subset."""
    codes = {subset: _code(scripts) for subset, scripts in langscripts.items()}
    counts = [code for code in codes.values() if code is not None]
    return {
        (code if code is not None and counts.count(code) == 1 else subset): subset
        for subset, code in codes.items()
    }


def _code(scripts: Sequence[str]) -> str | None:
    """``de`` for deu-Latn, ``zh-Hant`` for cmn-Hant, ``de-en`` for two; None for more."""
    codes = list(dict.fromkeys(map(_bcp47, scripts)))
    if len(codes) == 2:
        codes = ["-".join(code.partition("-")[0] for code in codes)]
    return codes[0] if len(codes) == 1 else None


def _bcp47(langscript: str) -> str:
    iso3, _, script = langscript.partition("-")
    try:
        code = from_iso3(iso3)
        return code if language(code).script == script else f"{code}-{script}"
    except UnknownNameError:
        return iso3


def _requested(
    name: str, subsets: Mapping[str, str], languages: Sequence[str] | None
) -> dict[str, str]:
    if languages is None:
        return dict(subsets)
    chosen: dict[str, str] = {}
    for wanted in languages:
        fitting = {code: s for code, s in subsets.items() if wanted in (code, s, *code.split("-"))}
        if not fitting:
            raise UnknownNameError(f"language of MTEB's task {name}", wanted, subsets)
        chosen |= fitting
    return chosen


def _is_retrieval(rows: Any) -> bool:
    return isinstance(rows, Mapping) and {_QUERIES, _CORPUS} <= set(rows)


def _queries(subset: str, rows: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    documents, grades = _documents(rows), rows["relevant_docs"]
    queries = rows[_QUERIES]
    return {
        f"{subset}:{query}": (
            *_strings(text),
            *(
                documents[d]
                for d, grade in grades.get(query, {}).items()
                if grade > 0 and d in documents
            ),
        )
        for query, text in zip(queries["id"], queries["text"], strict=True)
    }


def _documents(rows: Mapping[str, Any]) -> dict[str, str]:
    """Id -> title and text of every document, joined as MTEB joins them."""
    corpus = rows[_CORPUS]
    titles = corpus["title"] if "title" in corpus.column_names else [""] * len(corpus)
    texts = zip(corpus["id"], titles, corpus["text"], strict=True)
    return {name: f"{title or ''} {text}".strip() for name, title, text in texts}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)


def _settings(task: Any) -> list[tuple[str, str]]:
    """The attributes of a task's class that its scores may depend on, such as ``n_experiments``."""
    plain = (str, int, float, bool, tuple, list)
    names = (name for name in dir(type(task)) if not name.startswith("_"))
    values = ((name, getattr(type(task), name)) for name in names)
    return [(name, repr(value)) for name, value in values if isinstance(value, plain)]


def _add(value: Any, digest: Any) -> None:
    """Adds data to a digest: mappings in the order of their keys, tables column by column."""
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            digest.update(f"{key}:".encode("utf-8", "surrogatepass"))
            _add(value[key], digest)
    elif hasattr(value, "column_names"):
        for name in sorted(value.column_names):
            digest.update(f"{name}:{len(value)}:".encode("utf-8", "surrogatepass"))
            for each in value[name]:
                digest.update(f"{each!r},".encode("utf-8", "surrogatepass"))
    else:
        digest.update(f"{value!r};".encode("utf-8", "surrogatepass"))
