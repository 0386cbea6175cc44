"""From a model's name to the folder of its files, and to their fingerprint. No torch here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from crosslift.artifacts.files import cached_sha256
from crosslift.artifacts.places import user_path
from crosslift.errors import CrossLiftError, first_line, nearest
from crosslift.model_files.hub_answers import hub_refusal, is_answer, only_cached

WEIGHTS = "*.safetensors"
"""Files of weights. Pickles are neither fetched nor opened: they can run code."""

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ModelKind:
    """The files that models of one kind need, and the words of their errors.

    Args:
        name: name of the kind, in the singular, such as ``encoder``.
        error: the error to raise.
        files: patterns of the files that are fetched and that identify a model.
        one_of: a folder has at least one of these files; the first is the usual one.
        expected: the names that a user may use for a model, with an example.
        built_in: names that need no folder; errors suggest them for similar names.
        weights: patterns of the files that hold the weights of a model, any of which is enough.
        on_hub: returns the name of the hub's repository for a user's name of a model.
    """

    name: str
    error: type[CrossLiftError]
    files: tuple[str, ...]
    one_of: tuple[str, ...]
    expected: str
    built_in: tuple[str, ...] = ()
    weights: tuple[str, ...] = (WEIGHTS,)
    on_hub: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model that a user names.

    Args:
        kind: kind of the model.
        name: a folder or a hub name.
        revision: commit, tag or branch of a hub name; None: its main branch.
        weights: whether its weights are needed; if not, they are not fetched.
    """

    kind: ModelKind
    name: str
    revision: str | None = None
    weights: bool = True

    def local_folder(self) -> Path | None:
        """The folder that the name is a path of; None if there is no such folder.

        Raises:
            DataError: the name cannot be a path.
        """
        folder = user_path(self.name)
        return folder if folder.is_dir() else None

    def folder(self) -> Path:
        """The folder of its files: a local one, or one from the hub.

        Raises:
            CrossLiftError: the kind's own error; there is no such model, it cannot be fetched, or its
                folder has no configuration.
        """
        folder = self.local_folder() or self._fetch()
        if not any((folder / name).is_file() for name in self.kind.one_of):
            raise self.kind.error(f"{folder} has no {self.kind.one_of[0]}", self.kind.expected)
        return folder

    def files_in(self, folder: Path) -> list[Path]:
        """The needed files of a folder: by pattern, then by name."""
        return [path for pattern in self._patterns() for path in sorted(folder.glob(pattern))]

    def fingerprint(self, sum_of_folder: Callable[[Path], str]) -> str:
        """The text that identifies its files in a key: a checksum, or a hub name and commit.

        A hub name that is not in the local cache is identified by the user's revision, or by ``main``,
        until the model is fetched.

        Args:
            sum_of_folder: the checksum of a local folder.

        Raises:
            CrossLiftError: the kind's own error, if the name is neither a folder nor a hub name.
        """
        folder = self.local_folder()
        if folder is not None:
            return f"folder:{sum_of_folder(folder)}"
        commit = self.cached_commit() or self.revision or "main"
        return f"hub:{self.repository()}@{commit}"

    def repository(self) -> str:
        """The name of its repository on the hub.

        Raises:
            CrossLiftError: the kind's own error, if it cannot be the name of one.
        """
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

        repository = self.kind.on_hub(self.name)
        try:
            validate_repo_id(repository)
        except HFValidationError as error:
            near = self._nearest()
            raise self.kind.error(
                f"no {self.kind.name} {self.name!r}: no folder of that path, and no hub name",
                self.kind.expected,
                f"did you mean {near!r}?" if near else None,
            ) from error
        return repository

    def cached_commit(self) -> str | None:
        """The commit of the revision in the hub's local cache; None if it is not there.

        Raises:
            CrossLiftError: the kind's own error, if the name cannot be a hub name.
        """
        folder = self._cached_folder()
        return None if folder is None else folder.name

    def _cached_folder(self) -> Path | None:
        from huggingface_hub import try_to_load_from_cache

        repository = self.repository()
        for name in self.kind.one_of:
            path = try_to_load_from_cache(repository, name, revision=self.revision)
            if isinstance(path, str):
                return Path(path).parent
        return None

    def on_disk(self) -> Path | None:
        """The folder of its files, a local one or one of the hub's cache; None: they are not here.

        Raises:
            CrossLiftError: the kind's own error, if the name is neither a folder nor a hub name.
        """
        folder = self.local_folder() or self._cached_folder()
        if folder is None or not self.weights:
            return folder
        has_weights = any(path for each in self.kind.weights for path in folder.rglob(each))
        return folder if has_weights else None

    def present(self) -> Path | None:
        """The local folder of its files; None: they are on the hub. Fetches nothing.

        Raises:
            CrossLiftError: the kind's own error; there is no such model, or the hub does not answer.
        """
        if self.local_folder() is not None:
            return self.folder()
        folder = self.on_disk()
        if folder is not None:
            return folder
        repository = self.repository()
        refusal = hub_refusal(repository, self.revision)
        if refusal is not None:
            raise self._not_fetched(repository, refusal) from refusal
        return None

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit."""
        return _COMMIT.fullmatch(self.revision or "") is not None

    def _fetch(self) -> Path:
        from huggingface_hub import snapshot_download

        repository, patterns = self.repository(), self._patterns()
        refusal = hub_refusal(repository, self.revision)
        if refusal is not None and self.cached_commit() is None:
            raise self._not_fetched(repository, refusal) from refusal
        silent = refusal is not None and not is_answer(refusal)
        try:
            with only_cached() if silent else nullcontext():
                folder = snapshot_download(
                    repository, revision=self.revision, allow_patterns=patterns
                )
        except Exception as error:  # a network fails with errors of many classes
            raise self._not_fetched(repository, error) from error
        return Path(folder)

    def _patterns(self) -> list[str]:
        return [each for each in self.kind.files if self.weights or each != WEIGHTS]

    def _not_fetched(self, repository: str, error: Exception) -> CrossLiftError:
        near = self._nearest()
        hint = f"did you mean {near!r}? Otherwise give" if near else "give"
        return self.kind.error(
            f"{self.kind.name} {self.name!r} is neither a folder here nor in the hub's local cache, "
            f"and could not be fetched: {first_line(error)[:200]}",
            f"{self.kind.expected} while there is a network",
            f"{hint} the folder's path, or fetch it where there is a network: "
            f"`hf download {repository}`",
        )

    def _nearest(self) -> str | None:
        return next(iter(nearest(self.name, self.kind.built_in)), None)


def listing(folder: Path, paths: Iterable[Path]) -> str:
    """The text whose checksum is that of a folder: ``NAME:SHA256;`` for each file, in their order.

    Args:
        folder: folder that the names are relative to.
        paths: files inside it.
    """
    return "".join(f"{path.relative_to(folder)}:{cached_sha256(path)};" for path in paths)
