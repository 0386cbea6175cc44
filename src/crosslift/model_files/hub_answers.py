"""Whether the Hugging Face hub answers: one request, where its libraries try for half a minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crosslift.artifacts.read_once import read_once

_SECONDS = 5.0


@read_once()
def hub_refusal(
    repository: str, revision: str | None, *, dataset: bool = False
) -> Exception | None:
    """Why a repository is not available on the hub; None if it is. Fetches nothing.

    Args:
        repository: ORG/NAME.
        revision: commit, tag or branch; None: the main branch.
        dataset: whether it is a dataset, not a model.

    Returns:
        The error of the library, for which `is_answer` says whether the hub itself gave it.
    """
    from huggingface_hub import HfApi

    kind = "dataset" if dataset else "model"
    try:
        HfApi().repo_info(repository, revision=revision, repo_type=kind, timeout=_SECONDS)
    except Exception as error:  # noqa: BLE001 (a network fails with errors of many classes)
        return error
    return None


def is_answer(error: Exception) -> bool:
    """Whether an error is an answer of the hub, such as that it has no such repository."""
    from huggingface_hub.errors import HfHubHTTPError

    return isinstance(error, HfHubHTTPError) and not isinstance(error, ConnectionError)


@contextmanager
def only_cached() -> Iterator[None]:
    """A context in which the hub's libraries only read their cache, without the network."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
