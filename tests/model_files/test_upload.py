"""Uploads to the hub, by its own library, to a stand-in that speaks the hub's format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_stand_in import TOKEN, Hub, running_hub
from huggingface_hub import constants, snapshot_download

from crosslift.errors import EncoderError
from crosslift.model_files.upload import address_of, check_upload, upload_folder

CARD = "---\nlanguage:\n- de\nmodel-index: []\n---\n# An encoder\n"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with running_hub() as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        template = f"{running.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    (place / "1_Pooling").mkdir(parents=True)
    (place / "README.md").write_text(CARD, encoding="utf-8")
    (place / "model.safetensors").write_bytes(bytes(range(256)) * 40)
    (place / "tokenizer.json").write_text("{}" * 3000, encoding="utf-8")
    (place / "1_Pooling" / "config.json").write_text("{}", encoding="utf-8")
    return place


def contents(folder: Path) -> dict[str, bytes]:
    paths = [p for p in folder.rglob("*") if p.is_file() and ".cache" not in p.parts]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}


@pytest.mark.parametrize("private", [True, False])
def test_a_folder_is_uploaded_to_a_new_repository(
    hub: Hub, folder: Path, tmp_path: Path, private: bool
) -> None:
    upload_folder(folder, "team/encoder", private=private)
    repository = hub.repositories["team/encoder"]
    assert repository.private is private
    assert repository.files == contents(folder)
    assert repository.commits == ["Upload an encoder exported by CrossLift"]
    assert any(request.startswith("PUT /lfs/") for request in hub.requests)
    fetched = snapshot_download(
        "team/encoder", endpoint=hub.url, local_dir=tmp_path / "fetched", token=TOKEN
    )
    assert contents(Path(fetched)) == contents(folder)
    assert address_of("team/encoder") == f"{hub.url}/team/encoder"


def test_a_second_upload_adds_to_the_repository(hub: Hub, folder: Path) -> None:
    upload_folder(folder, "team/encoder")
    hub.repositories["team/encoder"].files["notes.txt"] = b"mine"
    (folder / "README.md").write_text(CARD + "again\n", encoding="utf-8")
    upload_folder(folder, "team/encoder")
    files = hub.repositories["team/encoder"].files
    assert files == contents(folder) | {"notes.txt": b"mine"}


def test_nothing_private_is_uploaded_to_a_public_repository(hub: Hub, folder: Path) -> None:
    upload_folder(folder, "team/encoder")
    before = dict(hub.repositories["team/encoder"].files)
    (folder / "README.md").write_text(CARD + "secret\n", encoding="utf-8")
    with pytest.raises(
        EncoderError, match="team/encoder exists and is public; nothing was uploaded"
    ):
        upload_folder(folder, "team/encoder", private=True)
    assert hub.repositories["team/encoder"].files == before


@pytest.mark.parametrize("name", ["encoder", "a/b/c", "team/", "team/en coder", ""])
def test_names_that_are_no_repository(hub: Hub, name: str) -> None:
    with pytest.raises(EncoderError) as caught:
        check_upload(name)
    assert caught.value.expected is not None and "NAMESPACE/NAME" in caught.value.expected
    assert not hub.requests


def test_without_a_token_nothing_is_asked_of_the_hub(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(EncoderError, match="cannot be uploaded without a token") as caught:
        upload_folder(folder, "team/encoder")
    assert caught.value.remedy is not None and "hf auth login" in caught.value.remedy
    assert not hub.requests


def test_a_token_that_the_hub_refuses_is_not_printed(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    with pytest.raises(EncoderError, match="could not be uploaded to team/encoder") as caught:
        upload_folder(folder, "team/encoder")
    assert "401" in caught.value.what
    assert "hf_another" not in str(caught.value)
    assert f"hf upload team/encoder {folder}" in str(caught.value.remedy)


def test_without_a_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(EncoderError, match="is written, but could not be uploaded") as caught:
        upload_folder(folder, "team/encoder")
    assert caught.value.expected == "a network, and a token that may write there"


def test_offline_is_said_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(EncoderError, match="HF_HUB_OFFLINE is set"):
        check_upload("team/encoder")


def test_a_card_that_the_hub_refuses(hub: Hub, folder: Path) -> None:
    (folder / "README.md").write_text("---\nlanguage:\n- zh-Hans\n---\n", encoding="utf-8")
    with pytest.raises(EncoderError, match="ISO 639"):
        upload_folder(folder, "team/encoder")
