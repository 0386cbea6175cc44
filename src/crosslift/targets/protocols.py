"""The protocols: ours, and those of the projects whose figures are quoted.

Three numbers called "Tatoeba" and three called "BUCC" are in use, and they differ in direction, in
the hidden state that is pooled, in what a threshold is fitted on and in the metric. Each is declared
here by itself, with the file that defines it; a table may set them side by side, never mix them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from crosslift.targets.mteb_prompts import mteb_prompt
from crosslift.targets.protocol import HiddenStateRule, Mining, PromptRule, Protocol

_LOWEST = "the lowest index; the original leaves open which of equals it takes"

_AS_MTEB = "what MTEB puts before the texts of a bitext"
_NO_PROMPT = PromptRule("none", lambda _: "")

RETRIEVAL = (Protocol("crosslift", "xx->en"), Protocol("crosslift", "en->xx"))
"""Ours, between texts: every query's answer is ranked among all candidates."""

PAIR_RETRIEVAL = (Protocol("crosslift", "xx->yy"), Protocol("crosslift", "yy->xx"))
"""Ours, between the texts of two languages, none of them English; of ``de-zh``, German asks first."""

PICTURE_RETRIEVAL = (
    Protocol("crosslift", "text->picture"),
    Protocol("crosslift", "picture->text"),
)
"""Ours, between texts and pictures. Top-1 accuracy is what is elsewhere called recall at 1: the chance
that the first candidate is a correct one; it is told once."""

_MTEB_TEXTS = Protocol(
    name="mteb",
    direction="text->picture",
    metric="ndcg_at_10",
    ties=_LOWEST,
    reproduces="embeddings-benchmark/mteb: "
    "mteb/tasks/retrieval/multilingual/xm3600_t2i_retrieval.py, mteb/abstasks/retrieval.py",
)
MTEB_PICTURES = (_MTEB_TEXTS, replace(_MTEB_TEXTS, direction="picture->text"))
"""Every caption asks among all pictures, and every picture among all captions of a language, of which
all of its own are relevant: nDCG at 10. Texts are read as the arm reads them, without the instruction
that MTEB puts before those of instruction models."""

MTEB_TOPICS = replace(
    _MTEB_TEXTS,
    direction="text->4 pictures",
    metric="accuracy",
    reproduces="embeddings-benchmark/mteb: "
    "mteb/tasks/reranking/multilingual/mvl_sib_sent2img.py, mteb/abstasks/retrieval.py",
)
"""Every query chooses among four pictures, of which one has the topic of its sentence."""

PICTURE_CLASSES = (Protocol("crosslift", "picture->class"),)
"""Ours: every picture asks, the names of the classes in one language are the candidates."""

XTREME_RETRIEVAL = Protocol(
    name="xtreme",
    direction="en->xx",
    pooling="mean",
    prompt=_NO_PROMPT,
    hidden_state=HiddenStateRule("half of the layers and two", lambda n: min(n // 2 + 2, n)),
    ties=_LOWEST,
    reproduces="google-research/xtreme: third_party/evaluate_retrieval.py, "
    "third_party/utils_retrieve.py (similarity_search), scripts/run_tatoeba.sh",
)
"""The English sentences ask. `specific_layer` counts from the first layer's output: 7 of 12 layers
is hidden state 8, 13 of 24 is 14; the rule goes through both."""

MTEB_RETRIEVAL = Protocol(
    name="mteb",
    direction="xx->en",
    metric="weighted_f1",
    prompt=PromptRule(_AS_MTEB, partial(mteb_prompt, task="Tatoeba")),
    ties=_LOWEST,
    reproduces="embeddings-benchmark/mteb: mteb/abstasks/text/bitext_mining.py, "
    "mteb/_evaluators/text/bitext_mining_evaluator.py",
)
"""F1 of each candidate as a class, weighted by how often it is the answer. Its tasks `Tatoeba` and
`FloresBitextMining` score and prompt alike."""

LASER_RETRIEVAL = Protocol(
    name="laser",
    direction="both",
    ties=_LOWEST,
    reproduces="facebookresearch/LASER: source/similarity_search.py, source/lib/indexing.py",
)
"""One less the error rate, averaged over the two directions."""

OTHER_RETRIEVAL = (XTREME_RETRIEVAL, MTEB_RETRIEVAL, LASER_RETRIEVAL)

_CUT_TOGETHER = "equal scores are taken by row number, and are in or out together"

MINING = (Protocol("crosslift", "mining", metric="mining_f1", ties=_CUT_TOGETHER, mining=Mining()),)
"""Ours: distinct texts are mined; the threshold is fitted on dev, never on what is scored."""

_AS_LASER_MINES = Mining(ratio_over="any mean", scores_above=0.0, repeated_texts="dropped")
"""XTREME's mining code is LASER's: it divides by any mean, and writes a pair only where its score is
above 0. A mean of exactly 0 gives inf or no number there; here it is an error."""

XTREME_MINING = Protocol(
    name="xtreme",
    direction="mining",
    metric="mining_f1",
    pooling="mean",
    prompt=_NO_PROMPT,
    hidden_state=HiddenStateRule("the fourth before the last", lambda n: max(n - 4, 0)),
    ties=_CUT_TOGETHER,
    mining=_AS_LASER_MINES,
    reproduces="google-research/xtreme: third_party/evaluate_retrieval.py, "
    "third_party/utils_retrieve.py (mine_bitext, bucc_eval), scripts/run_bucc2018.sh",
)
"""As it is meant: its code passes a threshold that it never set. `specific_layer` 7 of the last 12
layers is hidden state 8 of 12, and 20 of 24; the mean is pooled, as `--pool_type` is not passed on."""

MTEB_MINING = Protocol(
    name="mteb",
    direction="gold->en",
    metric="weighted_f1",
    prompt=PromptRule(_AS_MTEB, partial(mteb_prompt, task="BUCC")),
    ties=_LOWEST,
    reproduces="embeddings-benchmark/mteb: "
    "mteb/tasks/bitext_mining/multilingual/bucc_bitext_mining.py, mteb/abstasks/text/bitext_mining.py",
)
"""Nothing is mined: the sentences that have a translation ask, all English sentences are candidates."""

LASER_MINING = Protocol(
    name="laser",
    direction="mining",
    metric="mining_f1",
    ties=_CUT_TOGETHER,
    mining=replace(_AS_LASER_MINES, threshold_source="training"),
    reproduces="facebookresearch/LASER: tasks/bucc/bucc.sh, tasks/bucc/bucc.py, source/mine_bitexts.py",
)
"""The threshold is fitted on BUCC's training split."""

OTHER_MINING = (XTREME_MINING, MTEB_MINING, LASER_MINING)
