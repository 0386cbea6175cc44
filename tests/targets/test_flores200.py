"""FLORES-200 devtest in its published layout: codes, gaps, faults, and MTEB's score of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mteb_samples import LentVectors, mteb_task, two_sides

from crosslift.errors import DataError, UnknownNameError
from crosslift.languages import FAMILIES
from crosslift.sources.flores200_files import FLORES_200, PUBLISHED_NAME
from crosslift.targets.all_targets import find_target
from crosslift.targets.flores200 import FLORES_LANGUAGES
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.protocols import MTEB_RETRIEVAL
from crosslift.targets.query_outcomes import SideLookups, evaluate_bitexts
from crosslift.targets.target_settings import TargetSettings
from crosslift.targets.tatoeba import TATOEBA_36

NAMES = ("eng_Latn", "deu_Latn", "zho_Hans", "zho_Hant", "ace_Arab", "twi_Latn")


def write_devtest(folder: Path, count: int = 4, names: tuple[str, ...] = NAMES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        lines = "".join(f"{name} sentence {i}\n" for i in range(count))
        (folder / f"{name}.devtest").write_text(lines, encoding="utf-8")
    return folder


def load(folder: Path, *languages: str) -> BitextData:
    settings = TargetSettings(name="flores200", data=folder, languages=languages or None)
    data = find_target("flores200").load(settings)
    assert isinstance(data, BitextData)
    return data


# Codes


def test_each_of_204_published_names_has_a_code() -> None:
    assert len(FLORES_200) == len(PUBLISHED_NAME) == 204
    assert len(FLORES_LANGUAGES) == 203 and "en" not in FLORES_LANGUAGES
    expected = {
        **{"deu_Latn": "de", "eng_Latn": "en", "acm_Arab": "acm", "ace_Arab": "ace-Arab"},
        **{"zho_Hans": "zh-Hans", "zho_Hant": "zh-Hant", "arb_Arab": "ar-Arab", "tgl_Latn": "tl"},
        **{"twi_Latn": "tw", "aka_Latn": "ak", "yue_Hant": "yue", "prs_Arab": "prs"},
        **{"ajp_Arab": "ajp", "apc_Arab": "apc", "kas_Deva": "ks-Deva", "swh_Latn": "sw"},
    }
    assert {name: FLORES_200[name] for name in expected} == expected


def test_other_targets_name_the_languages_alike() -> None:
    bases = {code.partition("-")[0] for code in FLORES_LANGUAGES}
    assert set(TATOEBA_36) <= bases
    in_one_script = {code for code in FLORES_LANGUAGES if "-" not in code}
    assert set(TATOEBA_36) - in_one_script == {"ar", "zh"}
    assert bases <= set(FAMILIES)


def test_the_names_are_those_of_mteb() -> None:
    from mteb.tasks.bitext_mining.multilingual.flores_bitext_mining import _LANGUAGES

    theirs = {name.replace("-", "_") for name in _LANGUAGES}
    assert set(FLORES_200) == theirs


# Files


@pytest.mark.parametrize("place", ["", "devtest", "flores200_dataset/devtest"])
def test_the_published_layouts(place: str, tmp_path: Path) -> None:
    write_devtest(tmp_path / place)
    data = load(tmp_path)
    assert set(data.bitexts) == {"de", "zh-Hans", "zh-Hant", "ace-Arab", "tw"}
    assert data.bitexts["de"].src[1] == "deu_Latn sentence 1"
    assert data.bitexts["de"].tgt == data.bitexts["zh-Hant"].tgt
    assert data.bitexts["de"].tgt[0] == "eng_Latn sentence 0"
    assert {b.items for b in data.bitexts.values()} == {tuple(f"devtest:{i}" for i in (1, 2, 3, 4))}
    assert len(data.gaps) == 203 - 5
    assert data.gaps["fr"] == f"no file in {(tmp_path / place).name}"


def test_languages_are_requested_by_code_or_published_name(tmp_path: Path) -> None:
    write_devtest(tmp_path)
    assert list(load(tmp_path, "zho_Hans", "de", "deu_Latn").bitexts) == ["zh-Hans", "de"]
    with pytest.raises(DataError, match="no file of fra_Latn") as caught:
        load(tmp_path, "de", "fr")
    assert "fra_Latn.devtest" in str(caught.value)
    for unknown in ("en", "zh", "xx"):
        with pytest.raises(UnknownNameError, match=f"language of flores200 '{unknown}'"):
            load(tmp_path, unknown)


def test_an_error_lists_a_few_of_many_languages(tmp_path: Path) -> None:
    write_devtest(tmp_path, names=("eng_Latn",))
    with pytest.raises(DataError, match=r"has no file of ace_Arab, ace_Latn, .* and 191 more"):
        load(tmp_path)


def test_the_checksum_is_of_what_is_read(tmp_path: Path) -> None:
    write_devtest(tmp_path)
    german, chinese = load(tmp_path, "de").checksum, load(tmp_path, "zh-Hans").checksum
    assert german != chinese
    path = tmp_path / "zho_Hans.devtest"
    path.write_text(path.read_text(encoding="utf-8").replace("3", "5"), encoding="utf-8")
    assert load(tmp_path, "de").checksum == german
    assert load(tmp_path, "zh-Hans").checksum != chinese


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one\ntwo\nthree\n", r"deu_Latn\.devtest has 3 lines and eng_Latn\.devtest has 4"),
        ("one\n \nthree\nfour\n", r"deu_Latn\.devtest, line 2: no sentence"),
        ("", r"deu_Latn\.devtest is empty"),
    ],
)
def test_files_at_fault(text: str, message: str, tmp_path: Path) -> None:
    write_devtest(tmp_path)
    (tmp_path / "deu_Latn.devtest").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load(tmp_path)


def test_a_file_of_another_language_is_named(tmp_path: Path) -> None:
    write_devtest(tmp_path)
    assert load(tmp_path).unread == {}
    (tmp_path / "xqz_Latn.devtest").write_text("one\n", encoding="utf-8")
    assert list(load(tmp_path).unread) == ["xqz_Latn.devtest"]


def test_files_that_were_sorted_apart_are_refused(tmp_path: Path) -> None:
    lengths = [5, 40, 12, 33, 8, 27, 19, 3, 30, 15]
    lines = [f"{chr(97 + i)}{'x' * length}" for i, length in enumerate(lengths)]
    for name, texts in (("eng_Latn", lines), ("deu_Latn", sorted(lines, key=len))):
        (tmp_path / f"{name}.devtest").write_text("\n".join(texts), encoding="utf-8")
    with pytest.raises(DataError, match=r"deu_Latn\.devtest and .* sorted apart"):
        load(tmp_path, "de")


def test_files_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no data"):
        find_target("flores200").load(TargetSettings(name="flores200"))
    with pytest.raises(DataError, match="has no file of FLORES-200 devtest"):
        load(tmp_path)
    write_devtest(tmp_path, names=("deu_Latn",))
    with pytest.raises(DataError, match=r"has no eng_Latn\.devtest"):
        load(tmp_path)
    write_devtest(tmp_path, names=("eng_Latn",))
    (tmp_path / "deu_Latn.devtest").unlink()
    with pytest.raises(DataError, match=r"has no file of ace_Arab"):
        load(tmp_path)


# Scores


def test_the_score_is_that_of_mteb(tmp_path: Path) -> None:
    """MTEB's task class on the same vectors: queries are in the other language, F1 over the pairs."""
    write_devtest(tmp_path, 120, ("eng_Latn", "ace_Arab"))
    data = load(tmp_path, "ace-Arab")
    bitext = data.bitexts["ace-Arab"]
    src, tgt = two_sides(120, 120, seed=3, noise=0.9)
    vectors = dict(zip((*bitext.src, *bitext.tgt), np.concatenate([src, tgt]), strict=True))
    columns = {"sentence1": list(bitext.src), "sentence2": list(bitext.tgt)}
    theirs = mteb_task(columns, LentVectors(vectors), name="FloresBitextMining")

    def lookup(texts: object) -> np.ndarray:
        return np.array([vectors[text] for text in texts], np.float32)  # type: ignore[attr-defined]

    (protocol,) = find_target("flores200").others
    assert protocol is MTEB_RETRIEVAL
    (ours,) = evaluate_bitexts({protocol: SideLookups.of_both(lookup)}, data)
    assert 0.1 < theirs["f1"] < 0.9
    assert ours.score("weighted_f1") == pytest.approx(theirs["f1"], abs=1e-6)
    our_protocol = find_target("flores200").protocols[0]
    (outcomes,) = evaluate_bitexts({our_protocol: SideLookups.of_both(lookup)}, data)
    assert our_protocol.direction == "xx->en"
    assert outcomes.score("top1_accuracy") == pytest.approx(theirs["accuracy"], abs=1e-6)
