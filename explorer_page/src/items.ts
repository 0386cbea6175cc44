// The items of a protocol and the contents of a target, as their blocks hold them.

import { type Block, NONE, readBlock } from "./block";
import type { Facts, Language, Protocol, Target } from "./facts";

const NO_LANGUAGE = 0xffff;
const decoder = new TextDecoder();

/** What can be a query or an answer: a text, a picture, or both. */
export class Contents {
  private readonly texts: (string | null | undefined)[] = [];
  private readonly pictures = new Map<number, string>();

  constructor(private readonly block: Block, private readonly languages: Language[]) {}

  get count(): number {
    return this.block.stored("content/id").length;
  }

  string(index: number): string {
    return decoder.decode(this.block.piece("texts", index));
  }

  id(content: number): string {
    return this.string(this.block.stored("content/id")[content]);
  }

  text(content: number): string | null {
    if (this.texts[content] === undefined) {
      const index = this.block.stored("content/text")[content];
      this.texts[content] = index === NONE || index === undefined ? null : this.string(index);
    }
    return this.texts[content] ?? null;
  }

  isPicture(content: number): boolean {
    return this.block.has("content/kind") && this.block.stored("content/kind")[content] === 1;
  }

  /** The address of a thumbnail inside the page; null if there is none. */
  picture(content: number): string | null {
    const index = this.block.stored("content/picture")[content];
    if (index === NONE || index === undefined || !this.block.has("pictures/ends")) return null;
    let url = this.pictures.get(index);
    if (!url) {
      const bytes = this.block.piece("pictures", index) as Uint8Array<ArrayBuffer>;
      const type = bytes[0] === 0xff ? "image/jpeg" : "image/webp";
      url = URL.createObjectURL(new Blob([bytes], { type }));
      this.pictures.set(index, url);
    }
    return url;
  }

  language(content: number): Language | null {
    const index = this.block.stored("content/language")[content];
    return index === NO_LANGUAGE ? null : this.languages[index] ?? null;
  }

  /** Its name in an address, the same in every build of the page. */
  key(content: number): string {
    return `${this.language(content)?.code ?? ""}:${this.id(content)}`;
  }

  /** A short text for lists and labels. */
  words(content: number): string {
    if (content === NONE) return "nothing";
    return this.text(content) ?? `${this.isPicture(content) ? "picture " : ""}${this.id(content)}`;
  }
}

export type Answer = { content: number; score: number | null };

/** The queries of one protocol, with the outcomes and answers of each arm and seed. */
export class Items {
  readonly count: number;
  readonly query: Uint32Array;
  readonly right: Uint32Array;
  readonly language: Uint16Array;
  readonly length: Uint32Array;
  readonly clean: Uint8Array;
  private readonly means = new Map<number, Float32Array>();
  private readonly rights = new Map<number, Uint16Array>();
  private keys: string[] | null = null;

  constructor(
    readonly block: Block, readonly contents: Contents, private readonly facts: Facts,
    readonly protocol: Protocol,
  ) {
    this.query = block.stored("item/query") as Uint32Array;
    this.right = block.stored("item/right") as Uint32Array;
    this.language = block.stored("item/language") as Uint16Array;
    this.length = block.stored("item/length") as Uint32Array;
    this.clean = block.stored("item/clean") as Uint8Array;
    this.count = this.query.length;
  }

  /** Whether an answer is right for an item; null where the page does not know all right answers. */
  rightAnswer(item: number, content: number | undefined): boolean | null {
    const right = this.right[item];
    return this.protocol.several_right || right === NONE ? null : content === right;
  }

  /** The items of a language, or all. */
  inside(language: Language | null): number[] {
    const place = language ? this.facts.languages.indexOf(language) : -1;
    return [...this.language.keys()].filter((item) => place < 0 || this.language[item] === place);
  }

  /** The seeds of an arm that were measured here. */
  seeds(arm: number): number[] {
    const seeds = this.facts.arms[arm]?.seeds ?? [];
    return seeds.filter((seed) => this.block.has(`outcome/${arm}/${seed}`));
  }

  outcome(arm: number, seed: number): Float32Array {
    return this.block.values(`outcome/${arm}/${seed}`);
  }

  /** The mean outcome of each item over the seeds of an arm; NaN without an outcome. */
  mean(arm: number): Float32Array {
    return kept(this.means, arm, () => {
      const seeds = this.seeds(arm);
      const sums = new Float32Array(this.count).fill(seeds.length ? 0 : NaN);
      for (const seed of seeds)
        this.outcome(arm, seed).forEach((value, item) => { sums[item] += value / seeds.length; });
      return sums;
    });
  }

  /** Whether an item has an outcome in every seed of an arm. */
  hasOutcome(arm: number, item: number): boolean {
    return Number.isFinite(this.mean(arm)[item]);
  }

  /** In how many seeds of an arm each item is right. */
  rightSeeds(arm: number): Uint16Array {
    return kept(this.rights, arm, () => {
      const sums = new Uint16Array(this.count);
      for (const seed of this.seeds(arm))
        this.outcome(arm, seed).forEach((value, item) => { if (isRight(value)) sums[item] += 1; });
      return sums;
    });
  }

  /** The first answers to an item, best first; null if the run did not keep them. */
  answers(arm: number, seed: number, item: number): Answer[] | null {
    const found = `found/${arm}/${seed}`;
    if (this.block.has(`${found}/content`)) {
      const contents = this.block.stored(`${found}/content`);
      const wide = contents.length / this.count;
      const score = this.block.has(`${found}/score`) ? `${found}/score` : null;
      return Array.from({ length: wide }, (_, rank) => item * wide + rank)
        .filter((place) => contents[place] !== NONE)
        .map((place) => ({
          content: contents[place], score: score === null ? null : this.block.value(score, place),
        }));
    }
    if (!this.block.has(`retrieved/${arm}/${seed}`)) return null;
    const content = this.block.stored(`retrieved/${arm}/${seed}`)[item];
    return content === NONE ? [] : [{ content, score: null }];
  }

  /** How the answers of a seed are kept: all contents in one row, and how many each item has. */
  answerRow(arm: number, seed: number): { contents: ArrayLike<number>; wide: number } | null {
    for (const name of [`found/${arm}/${seed}/content`, `retrieved/${arm}/${seed}`])
      if (this.block.has(name)) {
        const contents = this.block.stored(name);
        return { contents, wide: Math.max(1, Math.round(contents.length / Math.max(1, this.count))) };
      }
    return null;
  }

  /** The name of an item in an address: language, id, and which one where several have both. */
  key(item: number): string {
    if (!this.keys) {
      const seen = new Map<string, number>();
      const ids = this.block.stored(this.block.has("item/id") ? "item/id" : "item/query");
      this.keys = Array.from({ length: this.count }, (_, index) => {
        const language = this.facts.languages[this.language[index]];
        const plain = `${language?.code ?? ""}:${this.contents.string(ids[index])}`;
        const before = seen.get(plain) ?? 0;
        seen.set(plain, before + 1);
        return before ? `${plain}~${before + 1}` : plain;
      });
    }
    return this.keys[item];
  }

  /** The item with this name; -1 if there is none. */
  at(key: string): number {
    if (!key || !this.count) return -1;
    this.key(0);
    return this.keys!.indexOf(key);
  }
}

function kept<T>(values: Map<number, T>, key: number, make: () => T): T {
  if (!values.has(key)) values.set(key, make());
  return values.get(key)!;
}

/** An outcome counts as right above one half: both directions of a pair, for example. */
export const isRight = (outcome: number): boolean => outcome > 0.5;

const loaded = new Map<string, Promise<unknown>>();

function once<T>(key: string, load: () => Promise<T>): Promise<T> {
  if (!loaded.has(key)) loaded.set(key, load());
  return loaded.get(key) as Promise<T>;
}

export function readContents(facts: Facts, target: Target): Promise<Contents> | null {
  const name = target.contents;
  return name ? once(name, async () => new Contents(await readBlock(facts, name), facts.languages))
    : null;
}

/** The items of a protocol; null if the run has none. */
export function readItems(facts: Facts, target: Target, protocol: Protocol): Promise<Items> | null {
  const contents = readContents(facts, target);
  const name = protocol.block;
  if (!contents || !name) return null;
  return once(`${name} ${protocol.id}`, async () => {
    const [block, known] = await Promise.all([readBlock(facts, name), contents]);
    return new Items(block, known, facts, protocol);
  });
}
