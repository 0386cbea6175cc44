"""Small collections of queries, passages and judgements in the published layouts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path


def written(path: Path, content: str) -> Path:
    """A file with its folders; ``.gz`` is compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def json_rows(rows: Sequence[Mapping[str, object]]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def beir(folder: Path, language: str | None = None) -> Path:
    """BEIR: titles, metadata, a header of the judgements, and a split that is not scored."""
    more = {} if language is None else {"language": language}
    queries = [{"_id": f"q{n}", "text": f"question {n}", "metadata": {}, **more} for n in range(4)]
    passages = [
        {"_id": f"d{n}", "title": f"Title {n}" if n % 2 else "", "text": f"text {n}", **more}
        for n in range(6)
    ]
    written(folder / "queries.jsonl", json_rows(queries))
    written(folder / "corpus.jsonl", json_rows(passages))
    header = "query-id\tcorpus-id\tscore\n"
    written(folder / "qrels" / "test.tsv", f"{header}q0\td1\t2\nq0\td2\t1\nq1\td0\t0\nq2\td5\t1\n")
    written(folder / "qrels" / "train.tsv", f"{header}q3\td3\t1\n")
    return folder


def trec(folder: Path) -> Path:
    """TREC: names with codes, judgements of four columns with spaces; ids differ by language."""
    for code in ("de", "fr"):
        written(folder / f"queries.{code}.tsv", f"{code}1\tFrage eins\n{code}2\tFrage zwei\n")
        written(folder / f"collection.{code}.tsv", f"{code}-a\tText A\n{code}-b\tText B\n")
        written(folder / f"qrels.{code}.txt", f"{code}1 0 {code}-a 1\n{code}2 0 {code}-b 3\n")
    return folder


def miracl(folder: Path) -> Path:
    """MIRACL v1.0: topics, judgements with tabs, and corpora in parts; two languages share ids."""
    for code in ("sw", "yo"):
        part = folder / f"miracl-v1.0-{code}"
        written(
            part / "topics" / f"topics.miracl-v1.0-{code}-dev.tsv", "1#0\tswali\n2#0\tjingine\n"
        )
        written(part / "topics" / f"topics.miracl-v1.0-{code}-train.tsv", "3#0\ttrain\n")
        grades = "1#0\tQ0\t10#0\t1\n1#0\tQ0\t10#1\t0\n2#0\tQ0\t11#0\t1\n"
        written(part / "qrels" / f"qrels.miracl-v1.0-{code}-dev.tsv", grades)
        written(part / "qrels" / f"qrels.miracl-v1.0-{code}-train.tsv", "3#0\tQ0\t10#0\t1\n")
        corpus = folder / f"miracl-corpus-v1.0-{code}"
        first = [{"docid": f"10#{n}", "title": f"{code} ten", "text": f"part {n}"} for n in (0, 1)]
        second = [{"docid": "11#0", "title": f"{code} eleven", "text": "part"}]
        written(corpus / "docs-0.jsonl.gz", json_rows(first))
        written(corpus / "docs-1.jsonl.gz", json_rows(second))
    return folder


def mr_tydi(folder: Path) -> Path:
    """Mr. TyDi v1.1: topics and judgements of every split and of all."""
    part = folder / "mrtydi-v1.1-swahili"
    docs = [{"id": f"{n}#0", "contents": f"Kichwa {n}\n\nmaandishi"} for n in range(3)]
    written(part / "collection" / "docs.jsonl.gz", json_rows(docs))
    for split, query in (("", 0), (".train", 1), (".dev", 2), (".test", 3)):
        written(part / f"topic{split}.tsv", f"{query}\tswali {query}\n")
        written(part / f"qrels{split}.txt", f"{query} Q0 {query % 3}#0 1\n")
    return folder


def mmarco(folder: Path) -> Path:
    """mMARCO: one id for a passage in all languages."""
    for name in ("german", "spanish", "english"):
        texts = "".join(f"{n}\t{name} passage {n}\n" for n in range(5))
        written(folder / "google" / "collections" / f"{name}_collection.tsv", texts)
        queries = folder / "google" / "queries" / "dev"
        written(
            queries / f"{name}_queries.dev.tsv", "".join(f"{n}\t{name} {n}\n" for n in range(9))
        )
        written(queries / f"{name}_queries.dev.small.tsv", f"7\t{name} seven\n8\t{name} eight\n")
    written(folder / "qrels.dev.small.tsv", "7\t0\t1\t1\n8\t0\t4\t1\n")
    return folder


def clir_matrix(folder: Path) -> Path:
    """CLIRMatrix: German queries, English passages."""
    rows = [
        {"src_id": "1", "src_query": "Hund", "tgt_results": [["5", 6], ["6", 1], ["7", 0]]},
        {"src_id": "2", "src_query": "Katze", "tgt_results": [["7", 4]]},
    ]
    written(folder / "de.en.test1.jl.gz", json_rows(rows))
    written(folder / "de.en.dev.jl.gz", json_rows(rows[:1]))
    written(folder / "en.tsv.gz", "5\tA dog is an animal.\n6\tAnimals\n7\tCats\n")
    return folder


def lareqa(folder: Path) -> Path:
    """XQuAD-R: two languages; in German, the second answer is in the first sentence."""
    for code, starts in (("en", (4, 20)), ("de", (4, 0))):
        sentences = [f"{code} first one.", f"{code} second."]
        questions = [
            {
                "id": f"q{n}",
                "question": f"{code} {n}?",
                "answers": [{"answer_start": s, "text": "x"}],
            }
            for n, s in enumerate(starts)
        ]
        paragraph = {
            "context": " ".join(sentences),
            "qas": questions,
            "sentence_breaks": [[0, 13], [14, 24]],
            "sentences": sentences,
        }
        content = json.dumps({"data": [{"paragraphs": [paragraph]}], "version": 1.1})
        written(folder / f"{code}.json", content)
    return folder


def mewsli(folder: Path) -> Path:
    """Mewsli-X: two articles with three mentions, entities with descriptions in other languages."""

    def spans(text: str, *sentences: str) -> list[dict[str, int]]:
        starts = [text.index(sentence) for sentence in sentences]
        return [{"start": s, "end": s + len(t)} for s, t in zip(starts, sentences, strict=True)]

    def article(
        code: str, text: str, sentences: Sequence[str], *mentions: str
    ) -> dict[str, object]:
        context = {
            "document_title": text.partition("\n")[0],
            "document_url": f"https://{code}.wikinews.org/wiki?curid=1",
            "document_id": f"{code}-1",
            "language": code,
            "text": text,
            "sentence_spans": spans(text, *sentences),
        }
        entries = [
            {
                "example_id": f"{code}{number}",
                "mention_span": {**spans(text, mention)[0], "text": mention},
                "entity_id": f"Q{number}",
                "metadata": {"bin_name": "bin04_1000-inf"},
            }
            for number, mention in enumerate(mentions)
        ]
        return {"context": context, "mentions": entries}

    first, second = "Streik in der Stadt", "In {Nord}  Helsinki\nfahren keine Busse."
    german = article("de", f"{first}\n\n{second}", (first, second), "Stadt", "Helsinki")
    swahili = "Mgomo wa mabasi."
    rows = [german, article("tr", swahili, (swahili,), "mabasi")]
    written(folder / "wikinews_mentions-test.jsonl", json_rows(rows))
    descriptions = {
        "Q0": ("fi", "Kaupunki on suuri. Siellä asutaan."),
        "Q1": ("en", "A city."),
        "Q2": ("sw", ""),
    }
    entities = [
        {
            "entity_id": name,
            "title": f"Title of {name}",
            "description": text,
            "description_language": code,
            "description_url": "https://example.org",
            "sentence_spans": [{"start": 0, "end": len(text)}] if text else [],
        }
        for name, (code, text) in descriptions.items()
    ]
    written(folder / "candidate_set_entities.jsonl", json_rows(entities))
    return folder


def own_logs(folder: Path) -> Path:
    """Logs: a header, a query with several passages, German queries with English passages."""
    german = "query\tpassage\tgrade\nPasswort\tSo ändern Sie es.\t2\nPasswort\tRechnung\t0\n"
    written(folder / "shop.de.tsv", f"{german}Rechnung\tRechnung\t1\n")
    written(folder / "shop.de-en.tsv", "Passwort\tChange it here.\t1\nRechnung\tYour bill\t0.5\n")
    return folder
