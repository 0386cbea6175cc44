// Languages down, arms across: levels, differences from each arm's baseline, and their intervals.

import { button, type Child, fill, h, scroll, toggles, word } from "../dom";
import type { Arm, Difference, Language, Run } from "../facts";
import { armName, markOf } from "../looks";
import { finite, interval, level, signed } from "../numbers";
import { nothing, type Page, type Refresh, type View } from "../page";
import { type Selection, usualAgainst } from "../state";

const SHADES = 7;
const LEAST_SPAN = 5;
const WIDE = 3;
const ROOM = 1.25;

interface Cell {
  arm: Arm; against: Arm; language: Language | null;
  level: number | null; seeds: (number | null)[]; difference: Difference | undefined;
}

type Group = { title: string; languages: Language[] };

export const matrix: View = {
  id: "matrix",
  title: "Languages",
  inner: ["language"],
  shown: () => true,
  draw(host, page, selection) {
    const table = new Matrix(page, selection);
    fill(host, table.tools(), table.legend(), table.element, table.readout);
    return table.refresh;
  },
};

class Matrix {
  readonly element: HTMLElement;
  readonly readout = h("div.readout", { role: "status" },
    "Point at a cell, or move with the arrow keys, to read its level, interval and seeds.");
  private readonly cells: HTMLElement[][] = [];
  private readonly span: number;
  private readonly range: [number, number];
  private readonly show: string;
  private readonly arms: Arm[];
  private readonly groups: Group[];

  constructor(private readonly page: Page, private readonly selection: Selection) {
    this.show = selection.state.show ?? "differences";
    const { run } = page;
    const scored = run.facts.arms.filter((arm) => this.levelOf(arm, null)
      || this.languages().some((l) => this.levelOf(arm, l)));
    this.arms = scored;
    this.groups = grouped(this.languages(), selection.state.group ?? "family", (l) => this.changeOf(l));
    const all = this.languages().flatMap((language) => scored.map((arm) => this.cell(arm, language)));
    const changes = all.map((cell) => cell.difference?.difference).filter(finite).map(Math.abs);
    this.span = Math.max(LEAST_SPAN, ...changes.map((each) => Math.min(each, 1e6)));
    const levels = all.map((cell) => cell.level).filter(finite);
    this.range = [Math.min(...levels), Math.max(...levels)];
    this.element = scored.length && this.languages().length ? this.table()
      : nothing("The run has no scores of this protocol by language.");
  }

  refresh: Refresh = (selection) => {
    for (const cell of this.cells.flat()) {
      const chosen = cell.dataset.language === (selection.language?.code ?? "")
        && cell.dataset.arm === selection.arm.name;
      cell.setAttribute("aria-selected", String(chosen && selection.language !== null));
    }
  };

  tools(): HTMLElement {
    const { state } = this.selection;
    const pick = (key: string, usual: string) => (value: string) =>
      this.page.go({ [key]: value === usual ? "" : value }, true);
    return h("div.tools",
      toggles("Show", "show", this.show, ["differences", "intervals", "levels"],
        pick("show", "differences")),
      toggles("Group by", "group", state.group ?? "family", ["family", "script", "change"],
        pick("group", "family")));
  }

  legend(): HTMLElement {
    const { unit, higher_is_better: up, metric_title: metric } = this.selection.protocol;
    const levels = this.show === "levels";
    const steps = Array.from({ length: SHADES + 1 }, (_, index) => index / SHADES);
    const square = (kind: string) => (share: number) =>
      h("span", { class: kind, vars: { "--share": share } });
    const worse = levels ? [] : steps.slice(1).reverse().map(square("down"));
    const ends = levels ? this.range.map(level) : [-this.span, this.span].map(signed);
    const { against } = this.selection.state;
    return h("div.legend.note", h("span.scale", ends[0],
      h("span.ramp", { "aria-hidden": "true" }, worse, steps.map(square("up"))), ends[1]),
    `${metric || "level"} in ${unit}, ${up ? "higher" : "lower"} is better. `, levels
      ? "Means over seeds. "
      : ["Each arm against ", against ? armName(this.selection.against) : "its own baseline",
        ". Lines: 95% intervals of one language alone, uncorrected; the marks of the first row are ",
        "the run's verdicts. "], "Click a cell for its items.");
  }

  private languages(): Language[] {
    return this.page.run.languages(this.selection.protocol);
  }

  private levelOf(arm: Arm, language: Language | null) {
    const { target, protocol } = this.selection;
    return this.page.run.level(target.name, protocol.id, arm.name, language?.code ?? null);
  }

  private changeOf(language: Language): number {
    const { arm } = this.selection;
    return this.cell(arm, language).difference?.difference ?? -Infinity;
  }

  private cell(arm: Arm, language: Language | null): Cell {
    const { target, protocol, state } = this.selection;
    const { run } = this.page;
    const against = state.against ? this.selection.against : againstOf(run, this.selection, arm);
    const known = this.levelOf(arm, language);
    const difference = run.difference(target.name, protocol.id, arm.name, against.name,
      language?.code ?? null);
    const { level: height = null, seeds = [] } = known ?? {};
    return { arm, against, language, level: height, seeds, difference };
  }

  private table(): HTMLElement {
    const { arm: chosen } = this.selection;
    const head = h("tr", h("th", { scope: "col" }, "Language"), this.arms.map((arm) =>
      h("th", { scope: "col", class: arm === chosen ? "chosen" : null },
        button("button.plain", () => this.page.go({ arm: arm.name }), {
          "data-key": `head-${arm.name}`, "aria-pressed": String(arm === chosen),
          title: `Select ${arm.name}`,
        }, armName(arm, true)))));
    const mean = h("tbody.macro", this.row(null));
    const bodies = this.groups.map((group) => h("tbody",
      group.title && h("tr.group", h("th", { scope: "rowgroup", colspan: this.arms.length + 1 },
        h("span", word(group.title)))),
      group.languages.map((language) => this.row(language))));
    const table = h("table.matrix", { role: "grid", "aria-label": "Languages and arms" },
      h("thead", head), mean, bodies);
    table.addEventListener("keydown", (event) => this.move(event));
    this.cells[0]?.[0]?.setAttribute("tabindex", "0");
    return scroll("Languages and arms", table);
  }

  private row(language: Language | null): HTMLElement {
    const cells = this.arms.map((arm) => this.square(this.cell(arm, language)));
    this.cells.push(cells);
    return h("tr", h("th", { scope: "row" }, language ? [word(language.name), " ",
      h("span.script", word(this.selection.state.group === "script" ? language.family
        : language.script))]
      : "Mean over languages"), cells);
  }

  private square(cell: Cell): HTMLElement {
    const { arm, language, difference } = cell;
    const shade = this.shade(cell);
    const row = this.cells.length;
    return h("td", {
      tabindex: -1, "data-arm": arm.name, "data-language": language?.code ?? "",
      "data-key": `cell-${arm.name}-${language?.code ?? ""}`,
      class: [shade.kind, finite(cell.level) ? "" : "hole",
        difference && crossesZero(difference) ? "open" : ""].join(" "),
      vars: { "--share": shade.share }, "aria-label": this.words(cell),
      on: {
        click: () => this.open(cell),
        focus: () => this.tell(cell),
        mouseenter: () => this.tell(cell),
      },
    }, this.content(cell, row === 0));
  }

  private content(cell: Cell, macro: boolean): Child {
    const { difference } = cell;
    if (this.show === "levels") return level(cell.level);
    if (!difference) return h("span.bare", level(cell.level));
    const { sign, kind } = markOf(difference);
    const mark = macro && difference.mark
      && h("i", { class: `sign ${kind}`, "aria-hidden": "true" }, sign);
    return [h("span", mark, signed(difference.difference)), this.show === "intervals"
      ? h("span.small", interval(difference.low, difference.high)) : this.line(difference)];
  }

  /** The interval as a line on the scale of the whole table, with room for the ends of the largest. */
  private line({ difference, low, high }: Difference): HTMLElement | null {
    if (!finite(difference)) return null;
    const place = (value: number): string =>
      `${(50 + 50 * Math.max(-1, Math.min(1, value / this.span / ROOM))).toFixed(1)}%`;
    const ends = finite(low) && finite(high) ? [low, high] : [difference, difference];
    const vars = { "--from": place(ends[0]), "--to": place(ends[1]), "--at": place(difference) };
    return h("span.line", { "aria-hidden": "true", vars });
  }

  private shade(cell: Cell): { kind: string; share: number } {
    const [least, most] = this.range;
    const up = this.selection.protocol.higher_is_better;
    if (this.show === "levels") {
      if (!finite(cell.level)) return { kind: "", share: 0 };
      const share = (cell.level - least) / Math.max(most - least, LEAST_SPAN);
      return { kind: "up", share: stepped(up ? share : 1 - share) };
    }
    const value = cell.difference?.difference;
    if (!finite(value)) return { kind: "", share: 0 };
    return { kind: value > 0 === up ? "up" : "down", share: stepped(Math.abs(value) / this.span) };
  }

  private words(cell: Cell): string {
    const { arm, against, language, difference } = cell;
    const where = language?.name ?? "Mean over languages";
    const what = finite(cell.level) ? level(cell.level) : "no score";
    if (!difference) return `${where}, ${arm.name}: ${what}`;
    return `${where}, ${arm.name}: ${what}; against ${against.name} ${signed(difference.difference)} ` +
      interval(difference.low, difference.high)
      + (difference.mark ? `, ${markOf(difference).words}` : "");
  }

  private tell(cell: Cell): void {
    const kind = !cell.difference ? "" : cell.language ? " (95%, this language alone)"
      : cell.difference.corrected ? " (corrected)" : " (not corrected)";
    const seeds = cell.seeds.length > 1 && ` Seeds: ${cell.seeds.map(level).join(", ")}.`;
    fill(this.readout, word(this.words(cell)), kind, ".", seeds);
  }

  private open({ arm, language }: Cell): void {
    this.page.go({ view: "items", arm: arm.name, language: language?.code ?? "", item: "" });
  }

  /** Arrows, Home, End and Page keys move between cells; Enter and Space open one. */
  private move(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const row = this.cells.findIndex((each) => each.includes(target));
    if (row < 0) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      target.click();
    }
    const column = this.cells[row].indexOf(target);
    const last = this.arms.length - 1;
    const places: Record<string, [number, number]> = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [row, 0], End: [row, last], PageUp: [0, column], PageDown: [this.cells.length - 1, column],
    };
    const place = places[event.key];
    if (!place) return;
    event.preventDefault();
    const next = this.cells[place[0]]?.[place[1]];
    if (!next) return;
    target.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  }
}

function againstOf(run: Run, selection: Selection, arm: Arm): Arm {
  const baseline = run.arm(arm.baseline);
  return baseline ?? usualAgainst(run, selection.target, selection.protocol, arm);
}

const stepped = (share: number): number =>
  Math.round(Math.max(0, Math.min(1, share)) * SHADES) / SHADES;

const crossesZero = ({ low, high }: Difference): boolean => !finite(low) || !finite(high)
  || (low <= 0 && high >= 0);

/** Languages by family or script, those that are alone together at the end; or all by their change. */
function grouped(languages: Language[], by: string, change: (language: Language) => number): Group[] {
  if (by === "change")
    return [{ title: "", languages: [...languages].sort((a, b) => change(b) - change(a)) }];
  const groups = new Map<string, Language[]>();
  for (const each of languages) {
    const title = (by === "script" ? each.script : each.family) || "Unknown";
    groups.set(title, [...(groups.get(title) ?? []), each]);
  }
  const all = [...groups];
  const alone = all.filter(([, each]) => each.length === 1);
  const together = alone.length > 1 && languages.length > WIDE ? alone : [];
  const named = (each: Language[]) => [...each].sort((a, b) => a.script.localeCompare(b.script)
    || a.name.localeCompare(b.name));
  const ordered = all.filter((each) => !together.includes(each)).sort(([a], [b]) => a.localeCompare(b))
    .map(([title, each]) => ({ title, languages: named(each) }));
  const rest = together.flatMap(([, each]) => each);
  const last = by === "script" ? "Scripts of one language" : "Families of one language";
  return rest.length ? [...ordered, { title: last, languages: named(rest) }] : ordered;
}
