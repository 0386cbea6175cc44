"""What MTEB puts before bitexts: the table against the installed registry, and MTEB's own encoding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from small_study import small_study
from tiny_encoder import load_tiny, make_tiny_encoder

from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import PUBLISHED_LAYERS
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import EncoderError
from crosslift.sources.record import Bitext
from crosslift.targets.mteb_prompts import REGISTERED, MtebTask, mteb_prompt
from crosslift.targets.protocols import MTEB_MINING, MTEB_RETRIEVAL
from crosslift.targets.target_settings import TargetSettings

TASKS: tuple[MtebTask, MtebTask] = ("Tatoeba", "BUCC")
TEXTS = ["the cat and the dog", "red rain", "bread and salt", "a hill at the old sea"]


def batches(texts: list[str]) -> Any:
    from mteb._create_dataloaders import _create_dataloader_from_texts

    return _create_dataloader_from_texts(texts, batch_size=2)


def as_mteb_encodes(model: Any, texts: list[str], task: MtebTask) -> np.ndarray:
    import mteb

    where = {"hf_split": "test", "hf_subset": "de-en", "batch_size": 2}
    metadata = mteb.get_task(task).metadata
    return np.asarray(model.encode(batches(texts), task_metadata=metadata, **where))


# The table


class Recorder(MagicMock):
    """A sentence-transformers model that records the requested prompt."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()
        self.prompts, self.default_prompt_name = {"query": "", "document": ""}, None
        self.requested: list[str | None] = []

    def _get_child_mock(self, **settings: Any) -> MagicMock:
        return MagicMock(**settings)

    def encode(
        self, texts: list[str], prompt: str | None = None, prompt_name: str | None = None, **_: Any
    ) -> np.ndarray:
        by_name = prompt is None and prompt_name is not None
        self.requested.append(self.prompts[prompt_name] if by_name else prompt)
        return np.zeros((len(texts), 2), np.float32)


@pytest.fixture(scope="module")
def registry() -> dict[str, tuple[str | None, ...]]:
    """Name -> prompts of both tasks, of every text model that MTEB runs by sentence-transformers.

    MTEB's own loaders and wrappers run; the model behind them is a recorder. Models of services, of
    other libraries, and of code that must be fetched do not come through here, nor could they be read.
    """
    from mteb.models.model_implementations import MODEL_REGISTRY

    recorded = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sentence_transformers.SentenceTransformer", Recorder)
        patch.setenv("HF_HUB_OFFLINE", "1")
        for name, meta in MODEL_REGISTRY.items():
            if set(meta.modalities) == {"text"} and "dense" in meta.model_type and meta.loader:
                try:
                    model = meta.model_copy(update={"extra_requirements_groups": None}).load_model()
                    prompts = recorded_prompts(model)
                except Exception:  # noqa: BLE001
                    continue
                recorded[name] = prompts
    return recorded


def recorded_prompts(model: Any) -> tuple[str | None, ...]:
    inner = next(value for value in vars(model).values() if isinstance(value, Recorder))
    prompts = []
    for task in TASKS:
        as_mteb_encodes(model, ["a text"], task)
        prompts.append(inner.requested[-1])
    return tuple(prompts)


@pytest.mark.filterwarnings("ignore")
def test_the_table_is_that_of_the_installed_mteb(
    registry: dict[str, tuple[str | None, ...]],
) -> None:
    """Fails when MTEB registers other models or prompts: then update the table."""
    assert len(registry) > 400
    theirs = {name: prompts for name, prompts in registry.items() if prompts != (None, None)}
    ours = {name: tuple(prompts) for name, prompts in REGISTERED.items() if name != "embedded"}
    assert ours == theirs
    assert len(ours) > 80


@pytest.mark.filterwarnings("ignore")
def test_multilingual_e5_has_prompts_and_gets_none(
    registry: dict[str, tuple[str | None, ...]],
) -> None:
    from mteb.models.model_implementations import MODEL_REGISTRY

    for size in ("small", "base", "large"):
        name = f"intfloat/multilingual-e5-{size}"
        assert MODEL_REGISTRY[name].loader_kwargs["model_prompts"]["query"] == "query: "
        assert registry[name] == (None, None)
    for task in TASKS:
        assert mteb_prompt(EncoderSettings(name="embedded"), task) == ""
        assert mteb_prompt(EncoderSettings(name="embedded", prompt="query: "), task) == ""


def test_an_instruction_model_gets_its_instruction() -> None:
    instructed = EncoderSettings(name="intfloat/multilingual-e5-large-instruct", prompt="mine: ")
    instruction = "Instruct: Retrieve parallel sentences.\nQuery: "
    assert mteb_prompt(instructed, "Tatoeba") == mteb_prompt(instructed, "BUCC") == instruction
    other = EncoderSettings(name="microsoft/harrier-oss-v1-0.6b")
    assert mteb_prompt(other, "Tatoeba") == "Instruct: Retrieve parallel sentences\nQuery:"
    assert mteb_prompt(other, "BUCC") == "Instruct: Retrieve parallel sentences.\nQuery:"


# Models that MTEB does not register


CONFIGS: dict[str, tuple[dict[str, Any] | None, tuple[str, str]]] = {
    "no file": (None, ("", "")),
    "no prompt": ({}, ("", "")),
    "no default": ({"prompts": {"query": "q: ", "document": "d: "}}, ("", "")),
    "a default": ({"prompts": {"query": "q: "}, "default_prompt_name": "query"}, ("q: ", "q: ")),
    "of the task type": (
        {"prompts": {"query": "q: ", "BitextMining": "b: "}, "default_prompt_name": "query"},
        ("b: ", "b: "),
    ),
    "of one task": (
        {"prompts": {"query": "q: ", "BUCC": "u: "}, "default_prompt_name": "query"},
        ("q: ", "u: "),
    ),
    "empty for the task": (
        {"prompts": {"query": "q: ", "Tatoeba": ""}, "default_prompt_name": "query"},
        ("", "q: "),
    ),
    "of a query of the type": (
        {"prompts": {"BitextMining-query": "x: ", "query": "q: ", "document": ""}},
        ("", ""),
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CONFIGS)
def test_others_are_read_as_mteb_reads_them(name: str, tmp_path: Path) -> None:
    """MTEB's wrapper around sentence-transformers and our encoder give the same vectors."""
    from mteb.models import SentenceTransformerEncoderWrapper
    from sentence_transformers import SentenceTransformer

    config, expected = CONFIGS[name]
    use = {"pooling": "mean", "prompt": "", "max_tokens": 16}
    folder = make_tiny_encoder(tmp_path / "encoder", "xlm-roberta", use=use)
    path = folder / "config_sentence_transformers.json"
    path.unlink()
    if config is not None:
        path.write_text(json.dumps(config), encoding="utf-8")
    theirs = SentenceTransformerEncoderWrapper(SentenceTransformer(str(folder), device="cpu"))
    for task, prompt in zip(TASKS, expected, strict=True):
        assert mteb_prompt(EncoderSettings(name=str(folder)), task) == prompt
        assert mteb_prompt(EncoderSettings(name=str(folder), prompt="mine: "), task) == prompt
        ours = encode(load_tiny(folder, prompt=prompt), TEXTS)
        np.testing.assert_allclose(ours, as_mteb_encodes(theirs, TEXTS, task), atol=1e-5)
        others = encode(load_tiny(folder, prompt="q: " if prompt != "q: " else ""), TEXTS)
        assert abs(ours - others).max() > 1e-3, "the case must tell prompts apart"


def test_a_published_encoder_can_be_planned_before_it_is_fetched() -> None:
    for name in PUBLISHED_LAYERS:
        assert mteb_prompt(EncoderSettings(name=name), "Tatoeba") == ""
    with pytest.raises(EncoderError, match="neither a folder here nor"):
        mteb_prompt(EncoderSettings(name="nobody/has-this-encoder"), "Tatoeba")


# In the protocols


def test_the_protocols_use_it(tmp_path: Path) -> None:
    config = {"prompts": {"Tatoeba": "t: ", "BUCC": "u: "}}
    folder = make_tiny_encoder(
        tmp_path / "encoder", "xlm-roberta", use={"pooling": "mean", "prompt": "", "max_tokens": 16}
    )
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config), encoding="utf-8")
    settings = EncoderSettings(name=str(folder), prompt="mine: ", pooling="first_token")
    for protocol, prompt in ((MTEB_RETRIEVAL, "t: "), (MTEB_MINING, "u: ")):
        assert protocol.facts()["prompt"] == "what MTEB puts before the texts of a bitext"
        changed = protocol.reading(settings, int)
        assert changed == settings.model_copy(update={"prompt": prompt})
        same = settings.model_copy(update={"prompt": prompt})
        assert protocol.reading(same, int) is same or protocol.reading(same, int) == same


@pytest.mark.filterwarnings("ignore")
def test_the_score_is_that_of_mteb_end_to_end(tmp_path: Path) -> None:
    """MTEB's task class, its wrapper and sentence-transformers against `--protocol mteb`."""
    from mteb.models import SentenceTransformerEncoderWrapper
    from mteb_samples import mteb_task
    from sentence_transformers import SentenceTransformer

    use = {"pooling": "mean", "prompt": "", "max_tokens": 32}
    folder = make_tiny_encoder(tmp_path / "encoder", "xlm-roberta", use=use)
    config = {"prompts": {"query": "rain: ", "Tatoeba": "hill: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config), encoding="utf-8")
    words = ("red", "blue", "old", "new", "cat", "dog", "sun", "rain", "hill", "sea", "bread")
    pairs = [(f"{a} {b}", f"{b} the {a}") for a in words for b in words if a < b]
    bitext = Bitext("de", *(tuple(side) for side in zip(*pairs, strict=True)), tuple(words))
    data = tmp_path / "data"
    data.mkdir()
    for end, side in (("de", bitext.src), ("en", bitext.tgt)):
        (data / f"x.de-en.{end}").write_text("\n".join(side) + "\n", encoding="utf-8")
    wrapper = SentenceTransformerEncoderWrapper(SentenceTransformer(str(folder), device="cpu"))
    columns = {"sentence1": list(bitext.src), "sentence2": list(bitext.tgt)}
    theirs = mteb_task(columns, wrapper, name="Tatoeba")["f1"]
    encoder = EncoderSettings(name=str(folder), precision="float32")
    target = TargetSettings(name="bitext", data=data)
    ours = evaluate(encoder, target, "mteb")
    assert ours.protocol["prompt"] == "hill: "
    assert 0.02 < theirs < 0.98
    assert ours.macro["weighted_f1"] == pytest.approx(theirs, abs=1e-6)
    own_evaluation = evaluate(encoder, target, "crosslift")
    assert own_evaluation.protocol["prompt"] == "rain: "


def test_a_run_names_the_prompt_of_every_protocol_and_arm(tmp_path: Path) -> None:
    use = {"pooling": "mean", "prompt": "rain: ", "max_tokens": 32}
    folder = make_tiny_encoder(tmp_path / "encoder", "xlm-roberta", use=use)
    path = folder / "config_sentence_transformers.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["prompts"]["BitextMining"] = "hill: "
    path.write_text(json.dumps(config), encoding="utf-8")
    data = tmp_path / "data"
    data.mkdir()
    for end, lines in (("de", TEXTS), ("en", TEXTS[::-1])):
        (data / f"x.de-en.{end}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    study = small_study(
        folder,
        arms={"baseline": {}},
        start="plain",
        comparisons=[],
        targets=[{"name": "bitext", "data": str(data), "protocols": "all"}],
    )
    out = tmp_path / "out"
    run_study(study, out, Store(tmp_path / "store"))
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert {name: facts["prompt"] for name, facts in run["protocols"].items()} == {
        "crosslift/xx->en": "rain: ",
        "crosslift/en->xx": "rain: ",
        "xtreme/en->xx": "",
        "mteb/xx->en": "hill: ",
        "laser/both": "rain: ",
    }
    assert [arm["prompt"] for arm in run["arms"]] == ["rain: "]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Every arm reads its texts with prompt &#39;rain: &#39;" in page
    assert "xtreme/en-&gt;xx no prompt; mteb/xx-&gt;en prompt &#39;hill: &#39;." in page
