// Hubs: answers that an arm finds for far more queries than the others.

import { NONE } from "../block";
import { button, type Child, fill, h, headings, scroll } from "../dom";
import type { Arm } from "../facts";
import { type Items, readItems } from "../items";
import { armName, coloured } from "../looks";
import { decimal, percent } from "../numbers";
import { hasItems, nothing, type Page, type Refresh, type View } from "../page";
import type { Selection } from "../state";
import { brief } from "./item";

const SHOWN = 40;
const LARGEST = 10;

/** How often one arm finds each content, as a mean over its seeds. */
interface Occurrences {
  arm: Arm;
  wide: number;
  times: Map<number, number>;
  rightly: Map<number, number>;
  /** Queries that were counted. */
  queries: number;
}

export const hubs: View = {
  id: "hubs",
  title: "Hubs",
  shown: (run) => run.facts.targets.some(hasItems),
  async draw(host, page, selection): Promise<Refresh | void> {
    const items = await readItems(page.run.facts, selection.target, selection.protocol);
    if (!items) return fill(host, nothing(
      "The run keeps no items for this protocol, so no answers can be counted."));
    const inside = items.inside(selection.language);
    const all = page.run.facts.arms.map((arm, index) => occurrences(items, arm, index, inside))
      .filter((each) => each !== null);
    if (!all.length || !inside.length)
      return fill(host,
        nothing("The run did not keep what its arms found here, so hubs cannot be counted."));
    return fill(host, explanation(all), summary(page, selection, all), table(selection, items, all));
  },
};

function occurrences(items: Items, arm: Arm, index: number, inside: number[]): Occurrences | null {
  const [times, rightly] = [new Map<number, number>(), new Map<number, number>()];
  const rows = items.seeds(index).map((seed) => items.answerRow(index, seed))
    .filter((each) => each !== null);
  if (!rows.length) return null;
  const add = (counts: Map<number, number>, content: number): void =>
    void counts.set(content, (counts.get(content) ?? 0) + 1 / rows.length);
  for (const { contents, wide } of rows)
    for (const item of inside)
      for (let place = item * wide; place < (item + 1) * wide; place += 1) {
        if (contents[place] === NONE) continue;
        add(times, contents[place]);
        if (contents[place] === items.right[item]) add(rightly, contents[place]);
      }
  return { arm, wide: Math.max(...rows.map((row) => row.wide)), times, rightly,
    queries: inside.length };
}

const ranks = (all: Occurrences[]): string => {
  const wide = Math.max(...all.map((each) => each.wide));
  return wide > 1 ? `the first ${wide} answers` : "the first answer";
};

const explanation = (all: Occurrences[]): Child => h("p.note",
  "A hub is near to many queries that it does not answer. Counted: how many queries have it in " +
  `${ranks(all)}, as a mean over seeds. ` +
  "Skewness is that of the counts of all answers that were found at least once: 0 if all are found " +
  "equally often (Radovanović et al. 2010).");

/** The skewness of counts: 0 for a symmetric distribution, large if a few are much above the rest. */
export function skewness(values: number[]): number {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const moment = (power: number): number =>
    values.reduce((sum, each) => sum + (each - mean) ** power, 0) / values.length;
  const variance = moment(2);
  return variance > 1e-12 ? moment(3) / variance ** 1.5 : 0;
}

function summary(page: Page, selection: Selection, all: Occurrences[]): Child {
  const largest = all.map((each) => {
    const sorted = [...each.times.values()].sort((a, b) => b - a);
    const total = sorted.reduce((sum, value) => sum + value, 0);
    return { ...each, skew: skewness(sorted), most: sorted[0] ?? 0,
      top: sorted.slice(0, LARGEST).reduce((s, v) => s + v, 0), total };
  });
  const most = Math.max(...largest.map((each) => each.top / Math.max(1, each.total)));
  return h("section", h("h2", "Arms"), scroll("Hubs of each arm", h("table.bars",
    headings("Arm", "#Skewness", "#Largest hub", `Share of the ${LARGEST} largest hubs`),
    h("tbody", largest.map((each) => h("tr", {
      class: each.arm === selection.arm || each.arm === selection.against ? "chosen" : null,
        vars: coloured(each.arm),
    },
    h("th", { scope: "row" }, button("button.plain", () => page.go({ arm: each.arm.name }), {},
      armName(each.arm, true))),
    h("td.num", decimal(each.skew)),
    h("td.num", `${percent(each.most, each.queries)} of queries`),
    h("td", bar(each.top / Math.max(1, each.total) / most, percent(each.top, each.total)))))))));
}

const bar = (share: number, words: string): HTMLElement =>
  h("span.bar-row", h("span.bar-ink", { vars: { "--share": share } }), h("span.num", words));

function table(selection: Selection, items: Items, all: Occurrences[]): Child {
  const sides = [selection.arm, selection.against].map((arm) => all.find((each) => each.arm === arm))
    .filter((each) => each !== undefined);
  if (!sides.length) return nothing("The run kept no answers of these two arms. Choose another arm.");
  const counted = new Set(sides.flatMap((side) => [...side.times.keys()]));
  const wrongly = (side: Occurrences, content: number): number =>
    (side.times.get(content) ?? 0) - (side.rightly.get(content) ?? 0);
  const worst = (content: number): number => Math.max(...sides.map((side) => wrongly(side, content)));
  const sorted = [...counted].sort((a, b) => worst(b) - worst(a) || a - b).slice(0, SHOWN);
  const most = Math.max(1e-9, ...sorted.map(worst));
  return h("section", h("h2", "Answers that are found too often"),
    scroll("Answers that are found too often", h("table.bars.hubs-table",
    h("caption", `How many queries find it wrongly (and rightly): the worst ${SHOWN} of the two arms.`),
    headings("Answer", ...sides.map((side) => armName(side.arm))),
    h("tbody", sorted.map((content) => h("tr", h("th", { scope: "row" },
      h("span.content", brief(items.contents, content),
        h("span.code", items.contents.language(content)?.code))),
      sides.map((side) => h("td", { vars: coloured(side.arm) },
        bar(wrongly(side, content) / most,
          `${decimal(wrongly(side, content))} (${decimal(side.rightly.get(content) ?? 0)})`)))))))));
}
