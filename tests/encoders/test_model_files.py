"""The files of published models: one mechanism for text encoders, image towers and translators."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny_encoder import make_tiny_encoder
from tiny_folders import change_json, make_two_towers
from tiny_translators import marian

import crosslift
from crosslift.artifacts import files
from crosslift.encoders import encoder_folder
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.errors import CrossLiftError, DataError, EncoderError
from crosslift.images import tower_files
from crosslift.images.tower_facts import fingerprint_of
from crosslift.images.towers import TowerSettings, open_tower
from crosslift.model_files.find_model import PublishedModel
from crosslift.sources.translation import translator_files
from crosslift.sources.translation.engines import engine_facts, open_engine
from crosslift.sources.translation.translation_settings import TranslationSettings

COMMIT = "0123456789abcdef0123456789abcdef01234567"
KINDS = ("encoder", "image tower", "translation model")


def translation(name: str, revision: str | None = None) -> TranslationSettings:
    return TranslationSettings(engine="seq2seq", model=name, revision=revision, to=("es",))


def published(kind: str, name: str, revision: str | None = None) -> PublishedModel:
    """A model as the package of its kind declares it."""
    declared = {
        "encoder": encoder_folder._ENCODER,
        "image tower": tower_files._IMAGE_TOWER,
        "translation model": translator_files._TRANSLATOR,
    }
    return PublishedModel(declared[kind], name, revision)


def open_model(kind: str, name: str) -> object:
    """Loads a model with its weights, as a user's command does."""
    if kind == "encoder":
        return load_encoder(EncoderSettings(name=name))
    if kind == "image tower":
        return open_tower(TowerSettings(name), 0, torch.device("cpu"))
    return open_engine(translation(name)).translate(["a cat"], "es")


def fingerprint(kind: str, name: str, revision: str | None = None) -> str:
    if kind == "encoder":
        return encoder_folder.fingerprint(EncoderSettings(name=name, revision=revision))
    if kind == "image tower":
        return fingerprint_of(TowerSettings(name, revision))
    return str(engine_facts(translation(name, revision))["files"])


def refusal(kind: str, name: str | Path, call: Callable[[str, str], object] = open_model) -> str:
    """The error of a model that cannot be used; its class is that of the kind."""
    with pytest.raises(DataError if kind == "translation model" else EncoderError) as caught:
        call(kind, str(name))
    return str(caught.value)


# Names


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["./no/such/folder", "a b", "what--ever", "two..dots", "x" * 97])
def test_a_name_that_is_neither_folder_nor_hub_name(kind: str, name: str) -> None:
    for call in (open_model, fingerprint):
        message = refusal(kind, name, call)
        assert f"no {kind} {name!r}: no folder of that path, and no hub name" in message
        assert "a folder with config.json" in message


@pytest.mark.parametrize(
    ("kind", "name", "near"),
    [
        ("encoder", "embeded", "embedded"),
        ("encoder", "Embedded", "embedded"),
        ("encoder", "embedded!", "embedded"),
        ("image tower", "convolutonal", "convolutional"),
        ("image tower", "embedded-smal", "embedded-small"),
    ],
)
def test_a_near_name_is_suggested(kind: str, name: str, near: str) -> None:
    message = refusal(kind, name)
    assert repr(name) in message
    assert f"did you mean {near!r}?" in message


@pytest.mark.parametrize(
    ("kind", "name", "repository"),
    [
        ("encoder", "someone/nothing", "someone/nothing"),
        ("image tower", "someone/nothing", "someone/nothing"),
        ("image tower", "timm:nothing", "timm/nothing"),
        ("image tower", "timm:someone/nothing", "someone/nothing"),
        ("translation model", "someone/nothing", "someone/nothing"),
    ],
)
def test_a_hub_name_without_network(kind: str, name: str, repository: str) -> None:
    message = refusal(kind, name)
    assert f"{kind} {name!r} is neither a folder here nor in the hub's local cache" in message
    assert f"`hf download {repository}`" in message


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_that_fails_in_any_way_is_explained(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise RuntimeError("peer closed connection\nwithout a word")

    monkeypatch.setattr(huggingface_hub.HfApi, "repo_info", fail)
    assert "could not be fetched: peer closed connection\n" in refusal(kind, "someone/nothing")
    monkeypatch.setattr(huggingface_hub.HfApi, "repo_info", lambda *_, **__: None)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    assert "could not be fetched: peer closed connection\n" in refusal(kind, "someone/nothing")


# The hub's local cache


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's local cache, with one commit of the model someone/model."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    repository = tmp_path / "hub" / "models--someone--model"
    write(repository / "refs", {"main": COMMIT})
    return write(repository / "snapshots" / COMMIT, {"config.json": "{}", "model.safetensors": "w"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_the_cache_is_known_by_its_commit(kind: str, cached: Path) -> None:
    for revision in (None, COMMIT):
        model = published(kind, "someone/model", revision)
        assert model.cached_commit() == COMMIT
        assert model.folder() == cached
        assert model.fingerprint(str) == f"hub:someone/model@{COMMIT}"
    assert published(kind, "someone/model", "a-branch").cached_commit() is None
    assert published(kind, str(cached)).fingerprint(lambda _: "sum") == "folder:sum"


@pytest.mark.parametrize("kind", KINDS)
def test_a_commit_is_known_before_it_is_fetched(kind: str, cached: Path) -> None:
    commit = COMMIT[::-1]
    assert fingerprint(kind, "someone/model", commit).startswith(f"hub:someone/model@{commit}")


def test_fingerprints_of_names_alone(cached: Path) -> None:
    """Of a translator the commit is looked up; so a name alone is not enough."""
    assert fingerprint("encoder", "someone/other") == "hub:someone/other@main"
    assert fingerprint("encoder", "someone/other", "abc") == "hub:someone/other@abc"
    pinned = TowerSettings("google/vit-base-patch16-224", revision="abc")
    assert fingerprint_of(pinned) == "hub:google/vit-base-patch16-224@abc:published"
    random = TowerSettings("timm:resnet18.a1_in1k", weights="random")
    assert fingerprint_of(random) == "hub:timm/resnet18.a1_in1k@main:random"
    assert "could not be fetched" in refusal("translation model", "someone/other", fingerprint)
    assert fingerprint_of(TowerSettings("convolutional")) == fingerprint_of(
        TowerSettings("convolutional", picture_size=96)
    )


# Fingerprints of folders


def write(folder: Path, content: dict[str, str]) -> Path:
    """A folder of small files, which changed last a minute ago."""
    for name, text in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        before = path.stat().st_mtime_ns - 60 * 10**9
        os.utime(path, ns=(before, before))
    return folder


FILES = {
    "config.json": "{}",
    "tokenizer.json": "[]",
    "model.safetensors": "weights",
    "vocab.txt": "a\nb\n",
    "spiece.model": "pieces",
    "source.spm": "source",
    "merges.bpe": "merges",
    "README.md": "words",
    "pytorch_model.bin": "pickle",
}
_MODULES = [
    {"path": "", "type": "sentence_transformers.models.Transformer"},
    {"path": "2_Dense", "type": "sentence_transformers.models.Dense"},
]
_ADAPTER = {
    "adapter_config.json": '{"base_model_name_or_path": "plain"}',
    "adapter_model.safetensors": "adapter",
}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with folders of files whose bytes are known."""
    dense = {"2_Dense/config.json": "{}", "2_Dense/model.safetensors": "dense"}
    write(tmp_path / "plain", FILES)
    write(tmp_path / "modules", FILES | dense | {"modules.json": json.dumps(_MODULES)})
    write(tmp_path / "adapter", _ADAPTER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "sum_"),
    [
        ("plain", "ff76ddb757058d8267820ad89def57087487ed9d572720b82f089a77c6975e87"),
        ("modules", "c38f3566ad5776c756cd128ebc0b7994b297ebad6093d6e9225a96d4d41dde24"),
        ("adapter", "b2514d7ed748d7950cf3a98b3cfaab5c8189d28ce5ebb1a7350f91b9746de6a9"),
    ],
)
def test_fingerprints_of_encoders_stay_what_they_were(folders: Path, name: str, sum_: str) -> None:
    """They are in the keys of stores that exist."""
    assert fingerprint("encoder", name) == f"folder:{sum_}"


@pytest.mark.parametrize(
    ("weights", "sum_"),
    [
        ("published", "146fab1d7de320b12652d46e08a5555d1383f94a9812cd1333021e46b7a7d000"),
        ("random", "b25755da9c14f41ee118a0844e66c9dca3e1f12b305e5a5c7fbc28c874e7e5e2"),
    ],
)
def test_fingerprints_of_towers_stay_what_they_were(folders: Path, weights: Any, sum_: str) -> None:
    assert fingerprint_of(TowerSettings("plain", weights=weights)) == f"folder:{sum_}:{weights}"


def test_fingerprints_of_translators_stay_what_they_were(folders: Path) -> None:
    facts = translator_files.translator_facts(published("translation model", "plain"))
    sum_ = "9936f057eabdeb4554ea02702f9538ebab225b3837fdaef7a687bb21cdff3c10"
    assert facts["files"] == f"folder:{sum_}"


_OF_TOWERS = ("config.json", "tokenizer.json", "model.safetensors", "vocab.txt", "spiece.model")
_SEEN = {
    "encoder": (*_OF_TOWERS, "source.spm", "merges.bpe"),
    "image tower": _OF_TOWERS,
    "translation model": (*_OF_TOWERS, "source.spm"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fingerprint_sees_each_changed_file_that_is_used(kind: str, folders: Path) -> None:
    """Also a change that leaves the size as it is, and one just after another."""
    model = published(kind, "plain")

    def sum_of_files(folder: Path) -> str:
        return encoder_folder.listing(folder, model.files_in(folder))

    before = model.fingerprint(sum_of_files)
    changed = []
    for name in FILES:
        path = folders / "plain" / name
        path.write_bytes(bytes(reversed(path.read_bytes())))
        after = model.fingerprint(sum_of_files)
        changed += [name] if after != before else []
        before = after
    assert sorted(changed) == sorted(_SEEN[kind])


def test_a_file_is_read_once_for_many_fingerprints(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan asks for the fingerprint of an encoder for each arm and seed."""
    read: list[Path] = []

    def sha256_of_file(path: Path) -> str:
        read.append(path)
        return original(path)

    original = files.sha256_of_file
    monkeypatch.setattr(files, "sha256_of_file", sha256_of_file)
    first = fingerprint("encoder", "plain")
    assert len(read) == len(_SEEN["encoder"])
    assert {fingerprint("encoder", "plain") for _ in range(5)} == {first}
    fingerprint("image tower", "plain")
    assert len(read) == len(_SEEN["encoder"])
    write(folders / "plain", {"config.json": "[]"})
    assert fingerprint("encoder", "plain") != first
    assert [path.name for path in read[len(_SEEN["encoder"]) :]] == ["config.json"]


# Folders that cannot be used


@pytest.fixture(scope="module")
def whole_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each kind that can be loaded."""
    place = tmp_path_factory.mktemp("whole")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return {
            "encoder": make_tiny_encoder(place / "encoder"),
            "image tower": make_two_towers(place / "tower"),
            "translation model": marian(place / "translator", target="es"),
        }


@pytest.fixture
def copies(whole_models: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    """Copies that a test may damage."""
    return {
        kind: Path(shutil.copytree(folder, tmp_path / folder.name))
        for kind, folder in whole_models.items()
    }


def test_whole_models_are_loaded(whole_models: dict[str, Path]) -> None:
    """What is refused below is refused for its damage alone."""
    assert all(open_model(kind, str(folder)) for kind, folder in whole_models.items())


@pytest.mark.parametrize("kind", KINDS)
def test_weights_only_as_a_pickle_are_refused(kind: str, copies: dict[str, Path]) -> None:
    folder = copies[kind]
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    message = refusal(kind, folder)
    assert "only as a pickle (pytorch_model.bin), which is refused" in message
    assert "safe_serialization=True" in message


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("encoder", "in another revision"),
        ("image tower", "weights: random"),
        ("translation model", "in another revision"),
    ],
)
def test_a_folder_without_weights(kind: str, remedy: str, copies: dict[str, Path]) -> None:
    (copies[kind] / "model.safetensors").unlink()
    message = refusal(kind, copies[kind])
    assert f"{copies[kind]} has no weights" in message
    assert remedy in message


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_without_configuration(kind: str, copies: dict[str, Path]) -> None:
    (copies[kind] / "config.json").unlink()
    assert f"{copies[kind]} has no config.json" in refusal(kind, copies[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_are_cut_short(kind: str, copies: dict[str, Path]) -> None:
    weights = copies[kind] / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert f"{copies[kind]} cannot be loaded" in refusal(kind, copies[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_are_missing_are_named(kind: str, copies: dict[str, Path]) -> None:
    path = copies[kind] / "model.safetensors"
    tensors = load_file(path)
    gone = next(name for name in tensors if name.endswith(("fc1.weight", "output.dense.weight")))
    del tensors[gone]
    save_file(tensors, path, {"format": "pt"})
    message = refusal(kind, copies[kind])
    assert f"{copies[kind]} lacks weights: {gone} (1 in all)" in message
    assert "weights for every part of the model" in message


@pytest.mark.parametrize("kind", ["encoder", "image tower"])
def test_code_of_a_folder_is_refused_in_a_sentence(kind: str, copies: dict[str, Path]) -> None:
    """A translator is of one of three kinds, which transformers has."""
    folder = copies[kind]
    classes = {"AutoConfig": "configuration.NewConfig", "AutoModel": "modeling.NewModel"}
    change_json(folder / "config.json", model_type="new-model", auto_map=classes)
    for name in ("configuration.py", "modeling.py"):
        (folder / name).write_text("raise SystemExit\n")
    message = refusal(kind, folder)
    assert "CrossLift runs no code of a model folder" in message
    assert "trust_remote_code" not in message


@pytest.mark.parametrize("kind", ["encoder", "translation model"])
def test_a_folder_without_a_tokenizer_gets_no_empty_one(kind: str, copies: dict[str, Path]) -> None:
    for pattern in ("*token*", "*.spm", "vocab*"):
        for path in copies[kind].glob(pattern):
            path.unlink()
    assert f"{copies[kind]} has no" in refusal(kind, copies[kind])


@pytest.mark.parametrize("kind", ["encoder", "translation model"])
def test_a_tokenizer_that_needs_a_package(
    kind: str, copies: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ImportError("MarianTokenizer requires the SentencePiece library\nbut")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", fail)
    message = refusal(kind, copies[kind])
    assert "not installed: MarianTokenizer requires the SentencePiece library\n" in message
    assert "pip install 'crosslift[translation]'" in message


@pytest.mark.parametrize("kind", KINDS)
def test_models_are_loaded_without_a_word(
    kind: str, whole_models: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    logging = transformers.utils.logging
    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    open_model(kind, str(whole_models[kind]))
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (verbosity, bar)


def test_every_kind_has_its_own_error_class() -> None:
    declared = [published(kind, "a").kind for kind in KINDS]
    assert [kind.name for kind in declared] == list(KINDS)
    assert all(issubclass(kind.error, CrossLiftError) for kind in declared)


# One package for all of this

_SOURCES = Path(crosslift.__file__).parent
_ONLY_HERE = ("snapshot_download", "try_to_load_from_cache", "trust_remote_code", "AutoTokenizer.")


@pytest.mark.parametrize("word", _ONLY_HERE)
def test_models_are_found_and_loaded_in_one_package(word: str) -> None:
    places = {
        path.relative_to(_SOURCES).parts[0]
        for path in _SOURCES.rglob("*.py")
        if word in path.read_text(encoding="utf-8")
    }
    assert places == {"model_files"}


def test_the_package_imports_only_packages_below_it() -> None:
    lines = [
        line.split()[1]
        for path in (_SOURCES / "model_files").glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith("from crosslift")
    ]
    below = ("crosslift.artifacts.", "crosslift.errors", "crosslift.model_files.")
    assert lines
    assert [name for name in lines if not name.startswith(below)] == []
