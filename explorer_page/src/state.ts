// What is on the screen, as the address says it, and what that means in this run.

import { type Arm, type Language, PageError, type Protocol, type Run, type Target } from "./facts";

/** The words after `#`; a key without a value is absent. */
export type State = Record<string, string>;

/** What every view shows; `faults` has a sentence for each name that the page lacks. */
export interface Selection {
  state: State; faults: string[];
  target: Target; protocol: Protocol; language: Language | null;
  arm: Arm; against: Arm;
}

/** Keys that every view shares; the others belong to one view and are left out of links to others. */
export const SHARED = ["target", "protocol", "language", "arm", "against"];

export function parse(hash: string): State {
  const state: State = {};
  for (const [key, value] of new URLSearchParams(hash.replace(/^#/, ""))) if (value) state[key] = value;
  return state;
}

export function format(state: State): string {
  const given = Object.entries(state).filter(([, value]) => value);
  return `#${new URLSearchParams(given)}`;
}

/** The state after changes; a change to the empty text removes a key. */
export function changed(state: State, changes: State): State {
  const next = { ...state, ...changes };
  if ("target" in changes && changes.target !== state.target)
    for (const key of ["protocol", "item", "point"]) if (!(key in changes)) delete next[key];
  for (const key of Object.keys(next)) if (!next[key]) delete next[key];
  return next;
}

/** Finds what the state names. Throws a PageError if the run has no arm or no target. */
export function resolve(run: Run, state: State): Selection {
  const { targets, arms, languages } = run.facts;
  if (!targets.length) throw new PageError(
    "This run has no targets, so there is nothing to explore. The report says why.");
  if (!arms.length) throw new PageError(
    "This run has no arms, so there is nothing to explore. The report says why.");
  const faults: string[] = [];
  const named = <T>(
    what: string, key: string, all: T[], name: (each: T) => string, otherwise: T,
  ): T => {
    if (!state[key]) return otherwise;
    const match = all.find((each) => name(each) === state[key]);
    if (!match) faults.push(`This page has no ${what} “${state[key]}”, which the address names.`);
    return match ?? otherwise;
  };
  const target = named("target", "target", targets, (each) => each.name, targets[0]);
  if (!target.protocols?.length) throw new PageError(
    `The target “${target.name}” has no protocols in this page.`);
  const usual = target.protocols.find((each) => each.id === target.protocol) ?? target.protocols[0];
  const protocol = named("protocol", "protocol", target.protocols, (each) => each.id, usual);
  const arm = named("arm", "arm", arms, (each) => each.name, usualArm(run, target, protocol));
  const usualOther = usualAgainst(run, target, protocol, arm);
  const other = named("arm", "against", arms, (each) => each.name, usualOther);
  const against = other === arm ? usualOther : other;
  const language = named<Language | null>(
    "language", "language", languages, (each) => each!.code, null);
  return { state, target, protocol, arm, against, language, faults };
}

const measured = (run: Run, target: Target, protocol: Protocol, arm: Arm): boolean =>
  run.level(target.name, protocol.id, arm.name, null)?.level != null;

function usualArm(run: Run, target: Target, protocol: Protocol): Arm {
  const known = run.facts.arms.filter((arm) => measured(run, target, protocol, arm));
  return known.find((arm) => arm.role === "trained") ?? known.at(-1) ?? run.facts.arms[0];
}

/** The arm that the run compares this one with: its baseline, else its control or another. */
export function usualAgainst(run: Run, target: Target, protocol: Protocol, arm: Arm): Arm {
  const other = (name: string | null | undefined): Arm | undefined => {
    const found = name && name !== arm.name ? run.arm(name) : undefined;
    return found && measured(run, target, protocol, found) ? found : undefined;
  };
  return other(arm.baseline) ?? other(run.compared(target.name, protocol.id, arm.name)[0])
    ?? run.facts.arms.find((each) => other(each.name)) ?? arm;
}
