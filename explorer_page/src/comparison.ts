// Two arms on the same items: what each item did, and how sure its change is over the seeds.

import type { Items } from "./items";

/** A kind of change: its sign, its word, and whether it is for the arm, against it, or neither. */
export type Kind = { id: string; sign: string; words: string; side: "higher" | "lower" | "none" };

const RIGHT: Kind[] = [
  { id: "gained", sign: "▲", words: "gained", side: "higher" },
  { id: "lost", sign: "▼", words: "lost", side: "lower" },
  { id: "right", sign: "●", words: "both right", side: "none" },
  { id: "wrong", sign: "○", words: "both wrong", side: "none" },
];
const GRADED: Kind[] = [
  { id: "gained", sign: "▲", words: "better", side: "higher" },
  { id: "lost", sign: "▼", words: "worse", side: "lower" },
  { id: "right", sign: "●", words: "the same", side: "none" },
];
const NO_KIND = 255;

/** Two arms of the run, by place, on the items of a protocol. */
export class Comparison {
  readonly kinds: Kind[];
  /** Place in `kinds` for each item; 255 if it has no outcome in a seed of an arm. */
  readonly kindOf: Uint8Array;
  /** From -1 (surely lost) to 1 (surely gained); the change in outcome if none is right or wrong. */
  readonly change: Float32Array;
  /** Whether both arms were measured. */
  readonly measured: boolean;

  constructor(readonly items: Items, readonly arm: number, readonly against: number) {
    const graded = !items.protocol.right;
    this.kinds = graded ? GRADED : RIGHT;
    this.kindOf = new Uint8Array(items.count).fill(NO_KIND);
    this.change = new Float32Array(items.count);
    this.measured = items.seeds(arm).length > 0 && items.seeds(against).length > 0;
    if (this.measured) graded ? this.grade() : this.judge();
  }

  private judge(): void {
    const { items, arm, against } = this;
    const [ours, theirs] = [items.rightSeeds(arm), items.rightSeeds(against)];
    const [many, other] = [items.seeds(arm).length, items.seeds(against).length];
    for (let item = 0; item < items.count; item += 1) {
      if (!items.hasOutcome(arm, item) || !items.hasOutcome(against, item)) continue;
      const [now, before] = [ours[item] * 2 > many, theirs[item] * 2 > other];
      this.kindOf[item] = now ? (before ? 2 : 0) : before ? 1 : 3;
      this.change[item] = (ours[item] + 0.5) / (many + 1) - (theirs[item] + 0.5) / (other + 1);
    }
  }

  private grade(): void {
    const [ours, theirs] = [this.items.mean(this.arm), this.items.mean(this.against)];
    const sign = this.items.protocol.higher_is_better ? 1 : -1;
    for (let item = 0; item < this.items.count; item += 1) {
      const change = sign * (ours[item] - theirs[item]);
      if (!Number.isFinite(change)) continue;
      this.change[item] = change;
      this.kindOf[item] = change > 0 ? 0 : change < 0 ? 1 : 2;
    }
  }

  /** Those of some items that have an outcome in every seed of both arms. */
  compared(items: number[]): number[] {
    return items.filter((item) => this.kindOf[item] !== NO_KIND);
  }

  /** How many of these items have each kind. */
  counts(items: Iterable<number>): number[] {
    const counts = this.kinds.map(() => 0);
    for (const item of items) if (this.kindOf[item] !== NO_KIND) counts[this.kindOf[item]] += 1;
    return counts;
  }

  /** The order from the surest gain to the surest loss, or by size of the change. */
  sorted(items: number[], order: string): number[] {
    const { change } = this;
    const { length } = this.items;
    const value: Record<string, (item: number) => number> = {
      sure: (item) => -Math.abs(change[item]),
      gained: (item) => -change[item],
      lost: (item) => change[item],
      short: (item) => length[item],
      long: (item) => -length[item],
    };
    const by = value[order];
    return by ? [...items].sort((a, b) => by(a) - by(b) || a - b) : items;
  }
}

/** The words that tell a reader how a change is judged. */
export const JUDGED =
  "An item is right for an arm if more than half of its seeds are right. The order follows the share " +
  "of seeds that are right in one arm less the other's, with half a seed added to each side, so that " +
  "five seeds are surer than one.";
