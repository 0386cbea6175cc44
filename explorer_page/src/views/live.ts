// Live search: a text or a picture, asked of all arms at once. Shown where a server sends the page.

import { button, type Child, choice, fill, h, headings, word } from "../dom";
import { type Language, PageError } from "../facts";
import {
  type ArmHits, type Asked, type Item, ofPicture, ofText, type Pool, readCsv, readHits, readServer,
  type Result, type Server,
} from "../live";
import { armName, coloured } from "../looks";
import { count, cut, plural } from "../numbers";
import { keepFocus, type Page, type View } from "../page";
import type { State } from "../state";

/** Keys of the address that decide what is asked. */
const SEARCHED = ["ask", "pool", "in", "hits"];
const HITS = ["5", "10", "20", "50"];
const LONG = 600;
const PATIENCE = 10_000;

export const live: View = {
  id: "live",
  title: "Live search",
  alone: true,
  inner: [...SEARCHED, "with", "hit"],
  shown: (run) => Boolean(run.facts.live),
  async draw(host, page) {
    const search = new Search(page, await readServer());
    fill(host, search.element);
    return (selection) => search.refresh(selection.state);
  },
};

class Search {
  readonly element = h("div");
  private readonly bar = h("form.tools.asking", { role: "search", "aria-label": "Search",
    on: { submit: (event) => { event.preventDefault(); this.askText(); } } });
  private readonly status = h("p.note", { role: "status" });
  private readonly fault = h("div");
  private readonly shown = h("div");
  private readonly text: HTMLTextAreaElement;
  private readonly file: HTMLInputElement;
  private picture: File | null = null;
  private asked: Asked | null = null;
  private result: Result | null = null;
  private state: State = {};

  constructor(private readonly page: Page, private readonly server: Server) {
    const { limits, notes, missing, pools } = server;
    this.text = h("textarea", { rows: 2, maxlength: limits.characters, dir: "auto", "data-key": "ask",
      placeholder: "A sentence in any language", on: { keydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.askText();
      } } });
    this.file = h("input", { type: "file", accept: limits.types.join(","), "data-key": "file",
      on: { change: () => this.askPicture(this.file.files?.[0]) } });
    fill(this.element, this.bar, this.status, this.fault, this.shown,
      remarks([...byReason(missing), ...notes, ...pools.flatMap((each) => each.notes)]));
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      this.askPicture(event.dataTransfer?.files[0]);
    });
    this.element.addEventListener("paste", (event) => this.askPicture(event.clipboardData?.files[0]));
  }

  /** Shows what the address says; asks the server where what is asked has changed. */
  refresh(state: State): void {
    const before = this.state;
    this.state = state;
    if (state.ask && state.ask !== before.ask) this.picture = null;
    if (SEARCHED.some((key) => state[key] !== before[key]) || !this.bar.firstChild) this.controls();
    const next = this.next();
    if (next && next.key !== this.asked?.key) void this.search(next);
    else this.draw(next ? this.result : null);
  }

  private get pool(): Pool {
    const { pools } = this.server;
    return pools.find((each) => each.id === this.state.pool) ?? pools[0];
  }

  private controls(): void {
    const { page, pool, server, state } = this;
    if (state.ask && document.activeElement !== this.text) this.text.value = state.ask;
    const pools = server.pools.map(({ id, title, size }) => ({ value: id, words: `${title} (${count(size)})` }));
    const languages = Object.entries(pool.languages).map(([code, size]) => (
      { value: code, words: `${this.language(code)?.name ?? code} (${count(size)})` }));
    const arms = server.arms.map(({ name }) => ({ value: name, words: name }));
    keepFocus(() => fill(this.bar,
      h("label.choice.wide", h("span", "Text"), this.text),
      h("button.swap", { type: "submit", "data-key": "search" }, "Search"),
      h("label.choice", h("span", "or a picture (choose, drop or paste)"), this.file),
      choice("Search in", "pool", pool.id, pools, (value) => page.go({ pool: value, in: "", hit: "" })),
      languages.length > 0 && choice("Language of the hits", "in", pool.languages[state.in] ? state.in : "",
        [{ value: "", words: "all" }, ...languages], (value) => page.go({ in: value, hit: "" })),
      choice("Hits", "hits", state.hits ?? "10", HITS.map((each) => ({ value: each, words: each })),
        (value) => page.go({ hits: value })),
      choice("Ranks beside those of", "with", state.with ?? "",
        [{ value: "", words: "each arm's baseline" }, ...arms], (value) => page.go({ with: value }))));
  }

  private askText(): void {
    const text = this.text.value.trim();
    if (!text) return this.explain(new PageError("Type a text first, or choose a picture."));
    this.picture = null;
    this.file.value = "";
    if (text === this.state.ask) this.refresh(this.state);
    else this.page.go({ ask: text, hit: "" });
  }

  private askPicture(file: File | undefined): void {
    if (!file) return;
    const { bytes, types } = this.server.limits;
    if (!types.includes(file.type) || file.size > bytes)
      return this.explain(new PageError(
        `“${file.name}” is no picture of at most ${count(bytes)} bytes and one of these types: ${types.join(", ")}.`));
    this.picture = file;
    if (this.state.ask) this.page.go({ ask: "", hit: "" });
    else this.refresh(this.state);
  }

  /** What the state and the chosen picture ask; null: nothing. */
  private next(): Asked | null {
    const { picture, pool, state } = this;
    const hits = Number(state.hits) || 10;
    const languages = pool.languages[state.in] ? [state.in] : [];
    if (picture) return ofPicture(picture, pool.id, hits, languages);
    return state.ask ? ofText(state.ask, pool.id, hits, languages) : null;
  }

  private async search(asked: Asked): Promise<void> {
    this.asked = asked;
    fill(this.fault);
    fill(this.status, "Asking the arms…");
    this.shown.setAttribute("aria-busy", "true");
    try {
      const result = await readHits(asked);
      if (this.asked === asked) this.draw(result);
    } catch (error) {
      if (this.asked !== asked) return;
      this.draw(null);
      this.explain(error);
    }
  }

  private explain(error: unknown): void {
    fill(this.fault, h("div.fault", { role: "alert" }, word((error as Error).message)));
  }

  private draw(result: Result | null): void {
    this.result = result;
    this.shown.removeAttribute("aria-busy");
    if (!result) {
      this.asked = null;
      fill(this.status, "Every arm of the run looks for the same text or picture; hits come side by side.");
      return fill(this.shown);
    }
    const kind = this.pool.kind === "texts" ? "text" : "picture";
    fill(this.status, `${plural(result.searched, kind)} searched by ${plural(result.arms.length, "arm")}`,
      this.picture && [" for ", word(this.picture.name)],
      ". Below a score: the rank of the same hit in the arm beside.");
    keepFocus(() => fill(this.shown, remarks(byReason(result.missing)),
      result.arms.length > 0 && h("p", button("button.swap",
        () => void this.save().catch((error) => this.explain(error)), { "data-key": "csv" }, "Save as CSV")),
      this.chosen(result),
      h("div.sides", result.arms.map((each) => this.column(result, each)))));
  }

  /** The hits of one arm, each with its rank in the arm that it is compared with. */
  private column(result: Result, { arm, baseline, hits }: ArmHits): Child {
    const other = this.state.with || baseline;
    const theirs = result.arms.find((each) => each.arm === other && each.arm !== arm);
    const notes = this.server.arms.find((each) => each.name === arm)?.notes.join("; ") ?? "";
    const shared = theirs && hits.filter((each) => theirs.hits.includes(each)).length;
    const look = this.page.run.arm(arm);
    const rows = hits.map((place) => {
      const item = result.items[place];
      const pressed = this.state.hit === String(place);
      const hit = button("button.plain.hit", () => this.page.go({ hit: pressed ? "" : String(place) }, true),
        { "data-key": `${arm} ${place}`, "aria-pressed": String(pressed) }, this.content(item));
      return h("li", hit, h("span.num", item.scores[arm].toFixed(3),
        theirs && rankThere(item.ranks[arm], item.ranks[other])));
    });
    return h("section.side-arm", { vars: look ? coloured(look) : {} },
      h("h3", this.named(arm)),
      h("p.small", notes, theirs && [`${notes && "; "}${shared} of ${hits.length} hits shared with `, word(other)]),
      h("ol.ranks", !hits.length && h("li.gap", "Nothing to find."), rows));
  }

  private content(item: Item): Child {
    const language = item.languages.length === 1 ? this.language(item.languages[0]) : undefined;
    const direction = language?.rtl ? "rtl" : "auto";
    return [
      item.picture && h("img.large", { src: item.picture, alt: item.name, loading: "lazy" }),
      item.text !== null && h("span.text", { lang: language?.code, dir: direction }, cut(item.text, LONG)),
      h("span.code", item.text === null ? word(item.name)
        : ` ${item.languages.map((code) => this.language(code)?.name ?? code).join(", ")}`)];
  }

  /** The chosen hit with its rank and score in every arm. */
  private chosen(result: Result): Child {
    const item = result.items[this.state.hit];
    if (!item) return null;
    const row = ({ arm }: ArmHits): HTMLElement => h("tr", h("th", { scope: "row" }, this.named(arm)),
      h("td.num", count(item.ranks[arm])), h("td.num", item.scores[arm].toFixed(3)));
    return h("section.standing", h("div.ask", this.content(item)),
      h("table", headings("Arm", "#Rank", "#Score"), h("tbody", result.arms.map(row))));
  }

  private named(arm: string): HTMLElement {
    const look = this.page.run.arm(arm);
    return look ? armName(look, true) : word(arm);
  }

  private language(code: string): Language | undefined {
    return this.page.run.facts.languages.find((each) => each.code === code);
  }

  private async save(): Promise<void> {
    if (!this.asked) return;
    const address = URL.createObjectURL(await readCsv(this.asked));
    h("a", { href: address, download: "hits.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(address), PATIENCE);
  }
}

/** Where the other arm has the hit. */
function rankThere(own: number, other: number): HTMLElement {
  const [sign, kind] = other > own ? ["▲", "higher"] : other < own ? ["▼", "lower"] : ["=", "none"];
  const words = other === own ? "the same rank there" : `rank ${count(other)} there`;
  return h(`span.there.sign.${kind}`, { title: words, role: "img", "aria-label": words },
    ` ${sign} ${count(other)}`);
}

/** The arms that share a reason, in one line. */
function byReason(missing: Record<string, string>): string[] {
  const arms = (reason: string): string[] => Object.keys(missing).filter((arm) => missing[arm] === reason);
  return [...new Set(Object.values(missing))].map((reason) => `${arms(reason).join(", ")}: ${reason}`);
}

const remarks = (words: string[]): Child => words.length > 0
  && h("ul.small.remarks", words.map((each) => h("li", word(each))));
