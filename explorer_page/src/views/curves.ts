// Learning curves of the arms, and what each arm spent.

import { type Child, fill, h, headings, joined, s, scroll } from "../dom";
import type { Arm, Curve, Run } from "../facts";
import { armName, coloured, shape } from "../looks";
import { amount, finite } from "../numbers";
import { nothing, type Page, type View } from "../page";
import type { Selection } from "../state";

const WIDTH = 340;
const HEIGHT = 200;
const EDGE = { left: 44, right: 12, top: 10, bottom: 28 };
const LINES = 12;

export const curves: View = {
  id: "curves",
  title: "Curves and budgets",
  shown: () => true,
  draw(host, page, selection) {
    fill(host, learning(page.run, selection), budgets(page, selection));
  },
};

function learning(run: Run, selection: Selection): Child {
  const panels = new Map<string, Curve[]>();
  for (const curve of run.facts.curves) {
    const key = JSON.stringify([curve.stage, curve.task, curve.metric]);
    panels.set(key, [...(panels.get(key) ?? []), curve]);
  }
  const heading = h("h2", "Learning curves");
  if (!panels.size) return [heading, nothing("The run kept no learning curves.")];
  const arms = [...new Set(run.facts.curves.map((curve) => curve.arm))].map((name) => run.arm(name))
    .filter((arm) => arm !== undefined);
  const bold = emphasised(arms, selection);
  return [heading, h("p.note", "Measured on a held-out part of the training task, one line a seed. ",
    arms.length > LINES && "The selected arm, its control and the other arm are in colour. ",
    joined([...bold].map((arm) => armName(arm)), " ")),
  h("div.plots", [...panels].map(([key, all]) => {
    const [stage, task, metric] = JSON.parse(key) as [number, string, string];
    return h("figure", h("figcaption", h("b", `${task}: ${metric}`),
      stage > 0 && ` · stage ${stage + 1}`),
      panel(run, all, bold));
  }))];
}

/** The arms whose lines have their colours: all, or of many only those that are selected. */
function emphasised(arms: Arm[], { arm, against }: Selection): Set<Arm> {
  if (arms.length <= LINES) return new Set(arms);
  const chosen = arms.filter((each) => each === arm || each === against
    || each.control_of === arm.name);
  return new Set(chosen.length ? chosen : arms.slice(0, 3));
}

function panel(run: Run, all: Curve[], bold: Set<Arm>): Child {
  const points = all.map((curve) => curve.updates.map((update, index) =>
    [update, curve.values[index]] as const)
    .filter((each): each is readonly [number, number] => finite(each[0]) && finite(each[1])));
  const [xs, ys] = [0, 1].map((axis) => points.flatMap((line) => line.map((each) => each[axis])));
  if (!ys.length) return h("p.gap", "no finite values");
  const [x, y] = [ticks(0, Math.max(...xs)), ticks(Math.min(...ys), Math.max(...ys))];
  const place = ([update, value]: readonly number[]): [number, number] => [
    EDGE.left + (WIDTH - EDGE.left - EDGE.right) * part(update, x),
      HEIGHT - EDGE.bottom - (HEIGHT - EDGE.top - EDGE.bottom) * part(value, y)];
  const lines = all.map((curve, index) => ({ arm: run.arm(curve.arm), line: points[index].map(place) }))
    .sort((a, b) => Number(bold.has(a.arm!)) - Number(bold.has(b.arm!)));
  const names = [...new Set(all.map((curve) => curve.arm))].join(", ");
  return h("div.plot-box", s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img",
    "aria-label": `Curves of ${names}; from ${y[0]} to ${y.at(-1)}.` },
  y.map((value) => [value, place([0, value])[1]]).map(([value, at]) => [
    s("line", { x1: EDGE.left, x2: WIDTH - EDGE.right, y1: at, y2: at, class: "grid" }),
    s("text", { x: EDGE.left - 6, y: at + 4, "text-anchor": "end" }, short(value))]),
  x.map((value) => s("text", { 
    x: place([value, y[0]])[0], y: HEIGHT - EDGE.bottom + 15, "text-anchor": "middle",
  }, short(value))),
  s("text", { x: WIDTH - EDGE.right, y: HEIGHT - 2, "text-anchor": "end" }, "updates"),
  lines.map(({ arm, line }) => arm && line.length > 0 && [
    s("polyline", { points: line.map((each) => each.map((v) => v.toFixed(1)).join(",")).join(" "),
      vars: coloured(arm),
      class: `curve${bold.has(arm) ? "" : " pale"}${arm.hollow ? " dashed" : ""}` }),
    bold.has(arm)
      && s("g", { transform: `translate(${line.at(-1)!.join(" ")}) scale(.8)` }, shape(arm))])));
}

const part = (value: number, scale: number[]): number =>
  (value - scale[0]) / (scale.at(-1)! - scale[0] || 1);
const short = (value: number): string => (Math.abs(value) >= 1e4 ? amount(value)
  : String(Number(value.toPrecision(4))));

/** Round numbers from below the least to above the most. */
function ticks(least: number, most: number): number[] {
  const span = most - least || Math.abs(most) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => span / each <= 5) ?? span;
  const first = Math.floor(least / step);
  return Array.from({ length: Math.max(1, Math.ceil(most / step) - first) + 1 },
    (_, index) => (first + index) * step);
}

function budgets(page: Page, selection: Selection): Child {
  const { arms } = page.run.facts;
  const names = [...new Set(arms.flatMap((arm) => Object.keys(arm.budget ?? {})))];
  const heading = h("h2", "Budgets");
  if (!names.length) return [heading, nothing("The run states no budgets.")];
  const most = names.map((name) => Math.max(1e-9, ...arms.map((arm) => arm.budget[name])
    .filter(finite)));
  return [heading,
    h("p.note", "A comparison says something about a task only where what was spent is equal: ",
    unequal(selection, names)),
  scroll("Budgets", h("table.bars",
    headings("Arm", ...names),
    h("tbody", arms.map((arm) => h("tr", { vars: coloured(arm),
      class: arm === selection.arm || arm === selection.against ? "chosen" : null },
    h("th", { scope: "row" }, armName(arm, true)), names.map((name, index) => {
      const value = arm.budget[name];
      return h("td", h("span.bar-row",
        h("span.bar-ink", { vars: { "--share": finite(value) ? value / most[index] : 0 } }),
          h("span.num", amount(value))));
    }))))))];
}

/** Which budgets of the two selected arms differ by more than a twentieth. */
function unequal({ arm, against }: Selection, names: string[]): string {
  const different = names.filter((name) => {
    const [a, b] = [arm.budget[name], against.budget[name]];
    return finite(a) && finite(b) && Math.abs(a - b) > 0.05 * Math.max(Math.abs(a), Math.abs(b));
  });
  const pair = `${arm.name} and ${against.name}`;
  return different.length ? `${pair} differ in ${different.join(", ")}.`
    : `${pair} differ in none of these by more than 5%.`;
}
