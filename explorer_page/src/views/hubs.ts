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

/** How often one arm finds each content, as a mean over its seeds; how often it is right to, if the
 *  page knows every right answer. */
interface Occurrences {
  arm: Arm; wide: number; times: Float32Array; rightly: Float32Array | null;
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
    const { arms } = page.run.facts;
    const largest = arms.map((arm, index) => occurrences(items, arm, index, inside))
      .filter((each) => each !== null).map((each) => sizes(each, inside.length));
    if (!largest.length || !inside.length) return fill(host, nothing(
      "The run did not keep what its arms found here, so hubs cannot be counted."));
    const sides = page.run.places(selection)
      .map((index) => occurrences(items, arms[index], index, inside));
    return fill(host, explanation(Math.max(...largest.map((each) => each.wide))),
      summary(page, selection, largest), table(items, sides.filter((each) => each !== null)));
  },
};

function occurrences(items: Items, arm: Arm, index: number, inside: number[]): Occurrences | null {
  const { count } = items.contents;
  const [times, rightly] = [new Float32Array(count), new Float32Array(count)];
  const rows = items.seeds(index).map((seed) => items.answerRow(index, seed))
    .filter((each) => each !== null);
  if (!rows.length) return null;
  for (const { contents, wide } of rows)
    for (const item of inside)
      for (let place = item * wide; place < (item + 1) * wide; place += 1) {
        if (contents[place] === NONE) continue;
        times[contents[place]] += 1 / rows.length;
        if (items.rightAnswer(item, contents[place])) rightly[contents[place]] += 1 / rows.length;
      }
  const known = inside.every((item) => items.rightAnswer(item, NONE) !== null);
  return { arm, wide: Math.max(...rows.map((row) => row.wide)), times, rightly: known ? rightly : null };
}

/** How uneven the counts of one arm are; the shares of the largest hub and of the largest ten. */
type Sizes = { arm: Arm; wide: number; skew: number; most: number; top: number };

function sizes({ arm, wide, times }: Occurrences, queries: number): Sizes {
  const sorted = times.filter((each) => each > 0).sort().reverse();
  const sum = (values: Float32Array): number => values.reduce((total, each) => total + each, 0);
  const top = sum(sorted.slice(0, LARGEST)) / Math.max(1, sum(sorted));
  return { arm, wide, skew: skewness([...sorted]), most: (sorted[0] ?? 0) / queries, top };
}

const explanation = (wide: number): Child => h("p.note",
  "A hub is near to many queries that it does not answer. Counted: how many queries have it in " +
  `${wide > 1 ? `the first ${wide} answers` : "the first answer"}, as a mean over seeds. Skewness is ` +
  "that of the counts of all answers that were found at least once: 0 if all are found equally often " +
  "(Radovanović et al. 2010).");

/** The skewness of counts: 0 for a symmetric distribution, large if a few are much above the rest. */
export function skewness(values: number[]): number {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const moment = (power: number): number =>
    values.reduce((sum, each) => sum + (each - mean) ** power, 0) / values.length;
  const variance = moment(2);
  return variance > 1e-12 ? moment(3) / variance ** 1.5 : 0;
}

function summary(page: Page, selection: Selection, all: Sizes[]): Child {
  const widest = Math.max(1e-9, ...all.map((each) => each.top));
  const chosen = [selection.arm, selection.against];
  return h("section", h("h2", "Arms"), scroll("Hubs of each arm", h("table.bars",
    headings("Arm", "#Skewness", "#Largest hub", `Share of the ${LARGEST} largest hubs`),
    h("tbody", all.map(({ arm, skew, most, top }) => h(chosen.includes(arm) ? "tr.chosen" : "tr",
      { vars: coloured(arm) },
      h("th", { scope: "row" },
        button("button.plain", () => page.go({ arm: arm.name }), {}, armName(arm, true))),
      h("td.num", decimal(skew)),
      h("td.num", `${percent(most, 1)} of queries`),
      h("td", bar(top / widest, percent(top, 1)))))))));
}

const bar = (share: number, words: string): HTMLElement =>
  h("span.bar-row", h("span.bar-ink", { vars: { "--share": share } }), h("span.num", words));

function table({ contents }: Items, sides: Occurrences[]): Child {
  if (!sides.length) return nothing("The run kept no answers of these two arms. Choose another arm.");
  const wrongly = (side: Occurrences, content: number): number =>
    side.times[content] - (side.rightly?.[content] ?? 0);
  const words = (side: Occurrences, content: number): string => decimal(wrongly(side, content))
    + (side.rightly ? ` (${decimal(side.rightly[content])})` : "");
  const split = sides.every((side) => side.rightly);
  const worst = (content: number): number => Math.max(...sides.map((side) => wrongly(side, content)));
  const found = [...sides[0].times.keys()].filter((content) => worst(content) > 0);
  const sorted = found.sort((a, b) => worst(b) - worst(a) || a - b).slice(0, SHOWN);
  const most = Math.max(1e-9, ...sorted.map(worst));
  const title = "Answers that are found too often";
  return h("section", h("h2", title), scroll(title, h("table.bars.hubs-table",
    h("caption", split
      ? `How many queries find it wrongly (and rightly): the worst ${SHOWN} of the two arms.`
      : `How many queries find it: the first ${SHOWN} of the two arms. Some may find it rightly: ` +
        "the page does not know every right answer."),
    headings("Answer", ...sides.map((side) => armName(side.arm))),
    h("tbody", sorted.map((content) => h("tr",
      h("th", { scope: "row" }, h("span.content", brief(contents, content),
        h("span.code", contents.language(content)?.code))),
      sides.map((side) => h("td", { vars: coloured(side.arm) }, bar(wrongly(side, content) / most,
        words(side, content))))))))));
}
