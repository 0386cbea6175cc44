// Which items a state asks for: one facet for each property, each a strip of values with counts.

import type { Comparison } from "./comparison";
import type { Facts } from "./facts";
import { count } from "./numbers";
import type { State } from "./state";

/** One value of a facet, with the items that have it among those that the other filters leave. */
export type Value = { id: string; words: string; count: number };

/** A property of items by which they are filtered. */
interface Facet {
  key: string; title: string;
  /** The value of an item as a whole number, -1 for none. */
  of: (item: number) => number;
  values: { id: string; words: string }[];
}

const LENGTHS = [0, 1, 5, 9, 17, 33, 65, 129, 257, 1025];

/** The filters of one comparison. */
export class Filters {
  readonly facets: Facet[];
  private texts: string[] | null = null;

  constructor(private readonly comparison: Comparison, facts: Facts) {
    const { items, arm, against } = comparison;
    const places: number[] = [];
    for (const [place, index] of items.protocol.languages.entries()) places[index] = place;
    this.facets = [
      { key: "class", title: "Change", of: (item) => kindPlace(comparison, item),
        values: comparison.kinds.map((kind) =>
          ({ id: kind.id, words: `${kind.sign} ${kind.words}` })) },
      ...(items.protocol.right && comparison.measured
        ? [seedFacet("seeds", comparison, arm, facts), seedFacet("other", comparison, against, facts)]
        : []),
      { key: "language", title: "Language", of: (item) => places[items.language[item]] ?? -1,
        values: items.protocol.languages.map((index) => facts.languages[index]).map((each) =>
          ({ id: each?.code ?? "", words: each?.name ?? "unknown" })) },
      { key: "length", title: "Characters of the query", of: (item) => lengthPlace(items.length[item]),
        values: lengths() },
      { key: "clean", title: "Overlap with training", of: (item) => (items.clean[item] ? 0 : 1),
        values: [{ id: "1", words: "no overlap" }, { id: "0", words: "overlaps" }] },
    ];
  }

  /** The items that pass all filters, and the counts of every facet under the other filters. */
  apply(state: State): { items: number[]; values: Map<string, Value[]> } {
    const { items } = this.comparison;
    const chosen = this.facets.map(({ key, values }) => values.findIndex((v) => v.id === state[key]));
    const asked = this.facets.map((facet) => Boolean(state[facet.key]));
    const matches = this.search(state.search ?? "");
    const counts = this.facets.map((facet) => facet.values.map(() => 0));
    const passed: number[] = [];
    for (let item = 0; item < items.count; item += 1) {
      if (matches && !matches[item]) continue;
      const places = this.facets.map((facet) => facet.of(item));
      const misses = places.filter((place, index) => asked[index] && place !== chosen[index]).length;
      places.forEach((place, index) => {
        const missed = asked[index] && place !== chosen[index];
        if (place >= 0 && (misses === 0 || (misses === 1 && missed))) counts[index][place] += 1;
      });
      if (misses === 0) passed.push(item);
    }
    const values = new Map(this.facets.map((facet, index) =>
      [facet.key, facet.values.map((value, place) => ({ ...value, count: counts[index][place] }))]));
    return { items: passed, values };
  }

  /** Which items have all words of a query in their query or right answer; null without words. */
  private search(query: string): Uint8Array | null {
    const words = plain(query).split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    const { items } = this.comparison;
    const texts = (this.texts ??= []);
    const text = (content: number): string =>
      (texts[content] ??= plain(items.contents.text(content) ?? ""));
    return Uint8Array.from({ length: items.count }, (_, item) => {
      const both = `${text(items.query[item])}\n${text(items.right[item])}`;
      return words.every((word) => both.includes(word)) ? 1 : 0;
    });
  }
}

/** Without case and without combining marks of Latin, Greek and Cyrillic letters: `Ä` finds `a`. */
const plain = (text: string): string =>
  text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

function kindPlace({ kindOf, kinds }: Comparison, item: number): number {
  return kindOf[item] < kinds.length ? kindOf[item] : -1;
}

function seedFacet(key: string, comparison: Comparison, arm: number, facts: Facts): Facet {
  const { items } = comparison;
  const many = items.seeds(arm).length;
  const right = items.rightSeeds(arm);
  return {
    key, title: `Seeds right, ${facts.arms[arm].name}`,
    of: (item) => (items.hasOutcome(arm, item) ? many - right[item] : -1),
    values: Array.from({ length: many + 1 }, (_, index) =>
      ({ id: String(many - index), words: `${many - index} of ${many}` })),
  };
}

function lengthPlace(length: number): number {
  return LENGTHS.findLastIndex((least) => length >= least);
}

function lengths(): { id: string; words: string }[] {
  return LENGTHS.map((least, index) => {
    const most = (LENGTHS[index + 1] ?? Infinity) - 1;
    if (most === 0) return { id: "0", words: "no text" };
    return most === Infinity ? { id: `${least}-`, words: `${count(least)} and more` }
      : { id: `${least}-${most}`, words: `${count(least)}–${count(most)}` };
  });
}
