// Single items: a list with filters, and what each arm found for the selected one.

import { Comparison, JUDGED } from "../comparison";
import { button, type Child, choice, fill, h } from "../dom";
import { Filters, type Value } from "../filters";
import { type Items, readItems } from "../items";
import { LongList } from "../list";
import { sign } from "../looks";
import { count, cut, percent, plural } from "../numbers";
import { hasItems, nothing, type Page, type Refresh, type View } from "../page";
import type { Selection, State } from "../state";
import { brief, detail, strip } from "./item";

const ROW = 44;
const ROW_CHARACTERS = 300;
const FILTERS = ["class", "seeds", "other", "length", "clean", "search"];

export const items: View = {
  id: "items",
  title: "Items",
  inner: [...FILTERS, "language", "order", "item", "seed"],
  shown: (run) => run.facts.targets.some(hasItems),
  async draw(host, page, selection) {
    const loaded = await readItems(page.run.facts, selection.target, selection.protocol);
    if (!loaded) {
      fill(host, nothing("The run keeps no items for this protocol. The matrix shows its scores."));
      return undefined;
    }
    return new ItemsView(host, page, selection, loaded).refresh;
  },
};

class ItemsView {
  private readonly comparison: Comparison;
  private readonly filters: Filters;
  private readonly list: LongList;
  private readonly strips = h("div.facets", { role: "group", "aria-label": "Filters" });
  private readonly summary = h("p.small", { role: "status" });
  private readonly detail = h("section.detail", { "aria-label": "The selected item", tabindex: -1 });
  private readonly search: HTMLInputElement;
  private readonly order: HTMLElement;
  private timer = 0;

  constructor(host: HTMLElement, private readonly page: Page, private readonly selection: Selection,
    private readonly items: Items) {
    this.comparison = new Comparison(items, ...page.run.places(selection));
    this.filters = new Filters(this.comparison, page.run.facts);
    this.list = new LongList("Items", ROW, (item) => this.row(item),
      (item) => this.page.go({ item: items.key(item) }, true));
    this.search = h("input", { type: "search", "data-key": "search",
      placeholder: "Search queries and right answers",
      "aria-label": "Search queries and right answers",
      on: { input: (event) => this.typed(event), compositionend: (event) => this.typed(event) } });
    this.order = h("div");
    const narrow = matchMedia("(max-width: 64rem)").matches;
    fill(host,
      !this.comparison.measured && nothing(this.unmeasured()),
      h("div.split",
        h("details.filters", { open: !narrow }, h("summary", "Filters"), this.strips),
        h("div.found", h("div.tools", this.search, this.order), this.summary, this.heads(),
          this.list.element),
        this.detail));
  }

  refresh: Refresh = (selection) => {
    const { state } = selection;
    if (document.activeElement !== this.search) this.search.value = state.search ?? "";
    const { items: passed, values } = this.filters.apply(state);
    const sorted = this.comparison.sorted(passed, state.order ?? "sure");
    const given = this.items.at(state.item ?? "");
    const shown = given >= 0 ? given : sorted[0] ?? -1;
    this.facets(state, values);
    this.arrange(state);
    this.summarise(state, passed, given >= 0 && !passed.includes(given));
    this.list.show(sorted, shown);
    this.list.element.hidden = sorted.length === 0;
    if (shown < 0) fill(this.detail, nothing("Select an item to see what the arms found."));
    else fill(this.detail, detail(this.page, selection, this.comparison, shown));
  };

  private unmeasured(): string {
    const missing = [this.selection.arm, this.selection.against]
      .filter((arm) => !this.items.seeds(this.page.run.armIndex.get(arm.name)!).length)
        .map((arm) => arm.name);
    return `The run did not measure the items of ${missing.join(" and ")}: nothing is gained or lost.`;
  }

  /** Searches when a word is whole: not while an input method still composes it. */
  private typed(event: Event): void {
    if ((event as InputEvent).isComposing && event.type === "input") return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.page.go({ search: this.search.value }, true),
      150) as unknown as number;
  }

  private heads(): HTMLElement {
    const { arm, against } = this.selection;
    return h("div.heads", { "aria-hidden": "true" }, h("span", "Query"),
      h("span", { title: `Seeds of ${arm.name}: filled if right` }, sign(arm)),
      h("span", { title: `Seeds of ${against.name}: filled if right` }, sign(against)));
  }

  private arrange(state: State): void {
    fill(this.order, choice("Order", "order", state.order ?? "sure", [
      { value: "sure", words: "surest change" }, { value: "gained", words: "gained first" },
      { value: "lost", words: "lost first" }, { value: "data", words: "as in the data" },
      { value: "short", words: "shortest first" }, { value: "long", words: "longest first" },
    ], (value) => this.page.go({ order: value === "sure" ? "" : value }, true), { title: JUDGED }));
  }

  private summarise(state: State, passed: number[], outside: boolean): void {
    const filtered = [...FILTERS, "language"].some((key) => state[key]);
    const none = Object.fromEntries([...FILTERS, "language"].map((key) => [key, ""]));
    fill(this.summary,
      passed.length === 0 ? "No item has all of these properties. "
        : `${plural(passed.length, "item")} of ${count(this.items.count)}. `,
      outside && "The selected item is not among them. ",
      filtered && button("button.plain.link", () => this.page.go(none, true), { "data-key": "clear" },
        "Clear all filters"));
  }

  private facets(state: State, values: Map<string, Value[]>): void {
    const tops = [...this.strips.querySelectorAll("ul")].map((each) => each.scrollTop);
    fill(this.strips, this.filters.facets.map((facet) => this.facet(facet.key, facet.title,
      values.get(facet.key)!, state)));
    this.strips.querySelectorAll("ul").forEach((each, index) => { each.scrollTop = tops[index] ?? 0; });
  }

  private facet(key: string, title: string, all: Value[], state: State): Child {
    const shown = all.filter((value) => value.count > 0 || value.id === state[key]);
    if (shown.length < 2 && !state[key]) return null;
    const total = all.reduce((sum, value) => sum + value.count, 0);
    const most = Math.max(1, ...all.map((value) => value.count));
    return h("fieldset", { class: `facet ${key}` }, h("legend", title), h("ul", shown.map((value) => {
      const pressed = value.id === state[key];
      return h("li", button("button", () => this.page.go({ [key]: pressed ? "" : value.id }, true), {
        "aria-pressed": String(pressed), "data-key": `${key}-${value.id}`, "data-value": value.id,
        title: `${count(value.count)} items, ${percent(value.count, total)}`,
        vars: { "--share": value.count / most },
      }, h("span.words", value.words), h("span.num", count(value.count))));
    })));
  }

  private row(item: number): { content: Node[]; label: string } {
    const { items, comparison, page } = this;
    const kind = comparison.kinds[comparison.kindOf[item]];
    const content = items.query[item];
    const language = page.run.facts.languages[items.language[item]];
    const strips = [comparison.arm, comparison.against].map((arm) => strip(items, arm, item));
    const words = cut(items.contents.words(content), ROW_CHARACTERS);
    const names = [this.selection.arm.name, this.selection.against.name];
    const seeds = strips.map((each, index) => `${names[index]}: ${each.words}`);
    const label = [kind?.words ?? "no outcome", language?.name ?? "", words, ...seeds].join(", ");
    return {
      label,
      content: [
        h("i", { class: `sign ${kind?.side ?? "none"}` }, kind?.sign ?? "·"),
        h("span.code", language?.code ?? ""),
        h("span.query", brief(items.contents, content, ROW_CHARACTERS)),
        ...strips.map((each) => each.element),
      ],
    };
  }
}

