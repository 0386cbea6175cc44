"""Uploading a model folder to the Hugging Face hub. No torch here."""

from __future__ import annotations

from pathlib import Path

from crosslift.errors import EncoderError, first_line

_MOST_LETTERS = 300
_EXPECTED_NAME = "NAMESPACE/NAME, such as `my-team/my-encoder`"
_TOKEN_REMEDY = (
    "create a token with write access at https://huggingface.co/settings/tokens and log in with"
    " `hf auth login`, or set HF_TOKEN"
)


def check_upload(name: str) -> None:
    """Checks the requirements of an upload before any work, without the network.

    Args:
        name: name of the repository.

    Raises:
        EncoderError: the name is not one of a repository in a namespace, there is no token, or the
            hub's library is set to work offline.
    """
    from huggingface_hub import constants, get_token
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise EncoderError(
            f"{name!r} cannot be a repository of the hub: {first_line(error)}", _EXPECTED_NAME
        ) from error
    if "/" not in name:
        raise EncoderError(f"{name!r} has no namespace", _EXPECTED_NAME)
    if constants.HF_HUB_OFFLINE:
        raise EncoderError(
            f"{name} cannot be uploaded: HF_HUB_OFFLINE is set", remedy="unset HF_HUB_OFFLINE"
        )
    if get_token() is None:
        raise EncoderError(f"{name} cannot be uploaded without a token", remedy=_TOKEN_REMEDY)


def address_of(name: str) -> str:
    """The address of a repository of the hub."""
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{name}"


def upload_folder(folder: Path, name: str, *, private: bool = False) -> None:
    """Uploads the files of a folder; creates the repository if there is none.

    Other files of the repository are kept.

    Args:
        folder: folder of a model.
        name: name of the repository, NAMESPACE/NAME.
        private: only those with access may see the repository. False: a new repository has the
            namespace's default, and an existing one does not change.

    Raises:
        EncoderError: as for `check_upload`; there is no network, the hub refuses, or ``private`` is set
            for a repository that is public.
    """
    from huggingface_hub import HfApi, get_token

    check_upload(name)
    api = HfApi()
    try:
        api.create_repo(name, private=private or None, exist_ok=True)
        if private and not api.model_info(name).private:
            raise EncoderError(
                f"{address_of(name)} exists and is public; nothing was uploaded",
                "a private repository",
                "make it private, or name a new one",
            )
        api.upload_folder(
            repo_id=name,
            folder_path=folder,
            commit_message="Upload an encoder exported by CrossLift",
        )
    except EncoderError:
        raise
    except Exception as error:  # a network fails with errors of many classes
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        cause = cause.replace(get_token() or "no token", "TOKEN")
        raise EncoderError(
            f"{folder} is written, but could not be uploaded to {name}: {cause[:_MOST_LETTERS]}",
            "a network, and a token that may write there",
            f"upload it later with `hf upload {name} {folder}`",
        ) from error
