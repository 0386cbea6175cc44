// What the page knows before it reads a block: docs/explorer-format.md describes each field.

export interface Arm {
  name: string; run: string | null; role: "baseline" | "trained" | "control" | "reference";
  baseline: string; control_of: string | null;
  colour: string; colour_dark: string; mark: string; hollow: boolean;
  postprocessing: string[]; seeds: number[]; budget: Record<string, number | null>;
}

export interface Language {
  code: string; name: string; family: string; script: string; rtl: boolean;
}

export interface Protocol {
  id: string; words: string; metric: string; metric_title: string; outcome: string; unit: "points" | "ranks";
  higher_is_better: boolean; right: boolean; several_right: boolean; block: string | null; items: number; languages: number[];
}

export interface Target {
  name: string; title: string; metric: string; protocol: string; pictures: boolean;
  contents: string | null; map: string | null; map_arm: string | null; protocols: Protocol[];
}

export interface Level {
  target: string; protocol: string; arm: string; language: string | null;
  level: number | null; seeds: (number | null)[];
}

export type Mark = "higher" | "lower" | "equal" | "not shown";

export interface Difference {
  target: string; protocol: string; arm: string; against: string; language: string | null;
  difference: number | null; low: number | null; high: number | null;
  corrected: boolean; mark: Mark | null; sentence: string | null;
}

export interface Curve {
  arm: string; seed: number; stage: number; task: string; metric: string;
  updates: number[]; values: (number | null)[];
}

export interface Column {
  offset: number; type: "u8" | "u16" | "u32" | "i32" | "f32"; length: number;
  scale?: number; zero?: number;
}

export interface Facts {
  format: number; title: string; question: string | null; version: string; runs: string[];
  notes: string[]; arms: Arm[]; languages: Language[]; targets: Target[];
  levels: Level[]; differences: Difference[]; curves: Curve[];
  blocks: Record<string, { bytes: number; columns: Record<string, Column> }>;
  live?: { token: boolean };
}

/** A fault that the page explains to its reader; its message is a sentence or two. */
export class PageError extends Error {}

const FORMAT = 1;
const LISTS = [
  "runs", "notes", "arms", "languages", "targets", "levels", "differences", "curves",
] as const;

/** The facts of the document. Throws a PageError that says what is wrong with them. */
export function readFacts(): Facts {
  const element = document.getElementById("facts");
  if (!element) throw new PageError(
    "This file holds no data: the element “facts” is missing. Build the page again.");
  let facts: Facts;
  try {
    facts = JSON.parse(element.textContent ?? "") as Facts;
  } catch (error) {
    throw new PageError(
      `The facts of this file are damaged (${(error as Error).message}). Build the page again.`);
  }
  if (facts === null || typeof facts !== "object" || facts.format !== FORMAT)
    throw new PageError(
      `The data have the format ${String(facts?.format)}, and this page reads the format ${FORMAT}. ` +
        "Build both with the same version of CrossLift.",
    );
  for (const name of LISTS)
    if (!Array.isArray(facts[name])) throw new PageError(
      `The facts lack the list “${name}”. Build the page again.`);
  return facts;
}

const keyOf = (...parts: (string | null)[]): string => JSON.stringify(parts);

type Pair = [target: string, protocol: string, arm: string, against: string, language: string | null];

/** The facts with what the views look up in them. */
export class Run {
  readonly armIndex: Map<string, number>;
  private readonly levels = new Map<string, Level>();
  private readonly differences = new Map<string, Difference>();

  constructor(readonly facts: Facts) {
    this.armIndex = new Map(facts.arms.map((arm, index) => [arm.name, index]));
    for (const each of facts.levels)
      this.levels.set(keyOf(each.target, each.protocol, each.arm, each.language), each);
    for (const each of facts.differences)
      this.differences.set(keyOf(each.target, each.protocol, each.arm, each.against, each.language),
        each);
  }

  arm(name: string): Arm | undefined {
    return this.facts.arms[this.armIndex.get(name) ?? -1];
  }

  /** The places of the two selected arms in the facts. */
  places({ arm, against }: { arm: Arm; against: Arm }): [number, number] {
    return [this.facts.arms.indexOf(arm), this.facts.arms.indexOf(against)];
  }

  /** The languages that have items in a protocol. */
  languages(protocol: Protocol): Language[] {
    return protocol.languages.map((index) => this.facts.languages[index]).filter(Boolean);
  }

  level(target: string, protocol: string, arm: string, language: string | null): Level | undefined {
    return this.levels.get(keyOf(target, protocol, arm, language));
  }

  /** The difference of two arms as the run states it, whichever it names first. */
  stated(...[target, protocol, arm, against, language]: Pair): Difference | undefined {
    return this.differences.get(keyOf(target, protocol, arm, against, language))
      ?? this.differences.get(keyOf(target, protocol, against, arm, language));
  }

  /** The difference of two arms, its signs turned where the run compared them the other way round. */
  difference(...pair: Pair): Difference | undefined {
    const stated = this.stated(...pair);
    return stated && stated.arm !== pair[2] ? turned(stated) : stated;
  }

  /** Other arms that the run compared with this one, in the order of the report. */
  compared(target: string, protocol: string, arm: string): string[] {
    return this.facts.arms
      .map((other) => other.name)
      .filter((other) => other !== arm && this.stated(target, protocol, arm, other, null));
  }
}

const TURNED: Record<Mark, Mark> = {
  higher: "lower", lower: "higher", equal: "equal", "not shown": "not shown",
};
const minus = (value: number | null): number | null => (value === null ? null : 0 - value);

function turned(each: Difference): Difference {
  return {
    ...each, arm: each.against, against: each.arm, difference: minus(each.difference),
    low: minus(each.high), high: minus(each.low), mark: each.mark && TURNED[each.mark],
  };
}
