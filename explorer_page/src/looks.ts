// One colour and one mark for each arm: those of the report.

import { h, s, word } from "./dom";
import type { Arm, Difference, Mark } from "./facts";

const SHAPES: Record<string, string> = {
  s: "M-4.2-4.2H4.2V4.2H-4.2Z", "^": "M0-5L5 4.2H-5Z", v: "M0 5L5-4.2H-5Z",
  D: "M0-5.4L5.4 0L0 5.4L-5.4 0Z",
  X: "M-2.6-5L0-2.4L2.6-5L5-2.6L2.4 0L5 2.6L2.6 5L0 2.4L-2.6 5L-5 2.6L-2.4 0L-5-2.6Z",
  "<": "M-5 0L4.2-5V5Z", ">": "M5 0L-4.2-5V5Z", d: "M0-5.6L3.4 0L0 5.6L-3.4 0Z",
  "*": "M0-5.6L1.4-1.8L5.4-1.7L2.2.8L3.3 4.6L0 2.4L-3.3 4.6L-2.2.8L-5.4-1.7L-1.4-1.8Z",
  P: "M-2-5H2V-2H5V2H2V5H-2V2H-5V-2H-2Z", p: "M0-5.4L5.1-1.7L3.2 4.4H-3.2L-5.1-1.7Z",
};

/** Style properties that give an element the colour of an arm on both pages. */
export const coloured = (arm: Arm): Record<string, string> =>
  ({ "--light": arm.colour, "--dark": arm.colour_dark });

/** The shape of an arm around (0, 0), about 10 units wide. */
export function shape(arm: Arm): SVGElement {
  const attributes = { class: arm.hollow ? "shape hollow" : "shape", vars: coloured(arm) };
  return SHAPES[arm.mark] ? s("path", { d: SHAPES[arm.mark], ...attributes })
    : s("circle", { r: 4.6, ...attributes });
}

export const sign = (arm: Arm): SVGElement =>
  s("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, shape(arm));

/** The mark and name of an arm, with its role unless it was trained. */
export function armName(arm: Arm, role = false): HTMLElement {
  const words = arm.role === "control" && arm.control_of ? `control of ${arm.control_of}` : arm.role;
  return h("span.arm", sign(arm),
    h("span", word(arm.name), role && arm.role !== "trained" && words !== arm.name
      && h("span.role", words)));
}

type Verdict = { sign: string; words: string; kind: string };

const MARKS: Record<Mark, Verdict> = {
  higher: { sign: "▲", words: "higher", kind: "higher" },
  lower: { sign: "▼", words: "lower", kind: "lower" },
  equal: { sign: "≈", words: "equivalent", kind: "equivalent" },
  "not shown": { sign: "○", words: "inconclusive", kind: "none" },
};
const NO_VERDICT = { sign: "·", words: "no verdict", kind: "none" };

/** How the mark of a difference looks; a dot where the run gives none. */
export const markOf = (difference: Difference | undefined): Verdict =>
  (difference?.mark && MARKS[difference.mark]) || NO_VERDICT;
