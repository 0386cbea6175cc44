// What one arm changed against another: counts, languages, seeds, and the surest changes.

import { Comparison, JUDGED, type Kind } from "../comparison";
import { type Child, fill, h, headings, scroll, word } from "../dom";
import { readItems } from "../items";
import { armName } from "../looks";
import { count, percent, plural } from "../numbers";
import { hasItems, nothing, type Page, type Refresh, type View } from "../page";
import type { Selection } from "../state";
import { brief, strip } from "./item";

const SUREST = 12;
const SIGNED = (value: number): string =>
  (value > 0 ? `+${count(value)}` : value < 0 ? `\u2212${count(-value)}` : "0");

export const flips: View = {
  id: "flips",
  title: "Flips",
  shown: (run) => run.facts.targets.some(hasItems),
  async draw(host, page, selection): Promise<Refresh | void> {
    const loaded = await readItems(page.run.facts, selection.target, selection.protocol);
    if (!loaded) return fill(host, nothing(
      "The run keeps no items for this protocol, so nothing can be counted."));
    const comparison = new Comparison(loaded, ...page.run.places(selection));
    if (!comparison.measured || comparison.arm === comparison.against)
      return fill(host,
        nothing("The run did not measure both arms here. Choose two arms that it did measure."));
    const inside = comparison.compared(loaded.inside(selection.language));
    if (!inside.length) return fill(host, nothing(
      `No item of this protocol has an outcome of both arms in ${selection.language?.name ?? "this run"}.`));
    return fill(host,
      counts(page, selection, comparison, inside),
      h("div.columns", byLanguage(page, comparison), bySeeds(page, selection, comparison, inside)),
      h("div.columns", surest(page, comparison, inside, 0), surest(page, comparison, inside, 1)),
      h("p.note", loaded.protocol.right ? JUDGED
        : "An item is better or worse by its mean outcome over seeds."));
  },
};

/** The four counts as figures and as one bar. */
function counts(page: Page, selection: Selection, comparison: Comparison, inside: number[]): Child {
  const numbers = comparison.counts(inside);
  const [gained, lost] = numbers;
  const order = numbers.length === 4 ? [2, 0, 1, 3] : [0, 2, 1];
  return h("section.counts",
    h("h2", "What ", armName(selection.arm), " changed against ", armName(selection.against)),
    h("ul.figures", comparison.kinds.map((kind, place) => h("li",
      h("a", { href: page.link({ view: "items", class: kind.id }) },
        h("b", { class: kind.side }, count(numbers[place])),
        h("span", `${kind.sign} ${kind.words}`)),
      h("span.small", percent(numbers[place], inside.length))))),
    h("div.stack", { role: "img", "aria-label": "The counts as one bar" }, order.map((place) =>
      h("span", { class: comparison.kinds[place].id, vars: { "--part": numbers[place] } }))),
    h("p", `${plural(inside.length, "item")}: ${count(gained)} ${comparison.kinds[0].words}, ` +
      `${count(lost)} ${comparison.kinds[1].words}, net ${SIGNED(gained - lost)}. `,
    h("span.small",
      "Counts by the majority of seeds; the run's verdict above weighs every seed and language.")));
}

const net = (row: { gained: number; lost: number; all: number }): number =>
  (row.gained - row.lost) / row.all;

/** Gained to the right and lost to the left, a row for each language. */
function byLanguage(page: Page, comparison: Comparison): Child {
  const { items } = comparison;
  const rows = page.run.languages(items.protocol).map((language) => {
    const inside = comparison.compared(items.inside(language));
    const [gained, lost] = comparison.counts(inside);
    return { language, gained, lost, all: inside.length };
  }).filter((row) => row.all > 0).sort((a, b) => net(b) - net(a));
  const most = Math.max(...rows.map((row) => Math.max(row.gained, row.lost) / row.all), 1e-9);
  const [up, down] = comparison.kinds;
  const part = (value: number, all: number, kind: Kind, code: string): Child =>
    h("td", { class: `half ${kind.side}` }, h("a", {
      href: page.link({ view: "items", class: kind.id, language: code }),
      vars: { "--share": value / all / most },
      "aria-label": `${count(value)} ${kind.words}`,
    }, h("span", count(value))));
  return h("section", h("h3", "By language"), scroll("By language",
    h("table.diverging",
      headings("Language", `#${down.sign} ${down.words}`, `${up.sign} ${up.words}`, "#net"),
      h("tbody", rows.map((row) => h("tr",
        h("th", { scope: "row" }, word(row.language.name)),
        part(row.lost, row.all, down, row.language.code),
        part(row.gained, row.all, up, row.language.code),
        h("td.num", SIGNED(row.gained - row.lost)))))), true));
}

/** In how many seeds each arm is right, against the other: a table of counts. */
function bySeeds(page: Page, selection: Selection, comparison: Comparison, inside: number[]): Child {
  const { items, arm, against } = comparison;
  if (!items.protocol.right) return null;
  const [many, other] = [items.seeds(arm).length, items.seeds(against).length];
  const [ours, theirs] = [items.rightSeeds(arm), items.rightSeeds(against)];
  const table = Array.from({ length: many + 1 }, () => new Array<number>(other + 1).fill(0));
  for (const item of inside) table[ours[item]][theirs[item]] += 1;
  const most = Math.max(1, ...table.flat());
  const side = (right: number, all: number, before: number, whole: number): string =>
    right / all > before / whole ? "up" : right / all < before / whole ? "down" : "same";
  return h("section", h("h3", "By agreement of seeds"),
    h("p.small", "Down: seeds of ", armName(selection.arm), " that are right. Across: those of ",
      armName(selection.against), "."),
    scroll("By agreement of seeds", h("table.agreement",
      headings("", ...table[0].map((_, place) => `${place}/${other}`)),
      h("tbody", [...table.keys()].reverse().map((right) => h("tr",
        h("th", { scope: "row" }, `${right}/${many}`),
        table[right].map((value, before) => h("td", { class: side(right, many, before, other),
          vars: { "--share": Math.sqrt(value / most) } },
        value ? h("a", { href: page.link({ view: "items", seeds: String(right),
          other: String(before) }) }, count(value)) : "0"))))))));
}

/** The items whose change is surest, with a link to the whole list. */
function surest(page: Page, comparison: Comparison, inside: number[], place: number): Child {
  const { items } = comparison;
  const kind = comparison.kinds[place];
  const all = comparison.sorted(inside.filter((item) => comparison.kindOf[item] === place), "sure");
  const [arm, against] = [comparison.arm, comparison.against];
  return h("section", h("h3", `Surest ${kind.words}`),
    all.length === 0 && h("p.gap", "none"),
    h("ol.surest", all.slice(0, SUREST).map((item) => h("li",
      h("a", { href: page.link({ view: "items", class: kind.id, item: items.key(item) }) },
        brief(items.contents, items.query[item])),
      h("span.code", page.run.facts.languages[items.language[item]]?.code),
      strip(items, arm, item).element, strip(items, against, item).element))),
    all.length > SUREST && h("p", h("a", { href: page.link({ view: "items", class: kind.id }) },
      `All ${plural(all.length, "item")} in this order`)));
}
