// The frame of the page: heading, views, the selection that they share, the verdict, and one view.

import { button, type Child, choice, fill, h, joined, sentence, word } from "./dom";
import { PageError, type Run, type Target } from "./facts";
import { armName, markOf } from "./looks";
import { interval, level, plural, signed } from "./numbers";
import { changed, format, parse, resolve, type Selection, SHARED, type State } from "./state";

const PATIENCE = 120;

/** Shows a new selection in elements that are there already. */
export type Refresh = (selection: Selection) => void;

export interface View {
  id: string;
  title: string;
  /** Keys of the state whose changes `draw`'s refresh shows; after others the view is drawn again. */
  inner?: string[];
  /** Whether it leaves out the choices and the verdict that the other views share. */
  alone?: boolean;
  /** Whether it has a tab in this run. */
  shown(run: Run): boolean;
  draw(host: HTMLElement, page: Page, selection: Selection): Promise<Refresh | void> | Refresh | void;
}

export class Page {
  private state: State = {};
  private refresh: Refresh | null = null;
  private drawing = 0;
  private readonly bar = h("form.bar", {
    "aria-label": "Selection", on: { submit: (event) => event.preventDefault() },
  });
  private readonly verdict = h("div.verdict", { "aria-live": "polite" });
  private readonly tabs = h("nav.tabs", { "aria-label": "Views" });
  private readonly host = h("main", { id: "main", tabindex: -1 });

  constructor(readonly run: Run, private readonly views: View[], root: HTMLElement) {
    const skip = button("button.skip", () => this.host.focus(), {}, "Skip to the view");
    fill(root, skip, this.heading(), this.tabs, this.bar, this.verdict, this.host, this.foot());
    addEventListener("hashchange", () => this.show(parse(location.hash)));
  }

  /** Shows what the address says. */
  start(): void {
    this.show(parse(location.hash));
  }

  /** Changes the state, and the address with it. `quiet` leaves no step for the back button. */
  go(changes: State, quiet = false): void {
    const next = changed(this.state, changes);
    const address = format(next);
    if (address === format(this.state)) return;
    history[quiet ? "replaceState" : "pushState"](null, "", address);
    this.show(next);
  }

  /** The address of a state that keeps the shared selection. */
  link(changes: State): string {
    const shared = Object.fromEntries(SHARED.map((key) => [key, this.state[key] ?? ""]));
    return format(changed(shared, changes));
  }

  private current(): View {
    const shown = this.views.filter((view) => view.shown(this.run));
    return shown.find((view) => view.id === this.state.view) ?? shown[0];
  }

  private show(next: State): void {
    const before = this.state;
    this.state = next;
    const view = this.current();
    const different = [...new Set([...Object.keys(before), ...Object.keys(next)])]
      .filter((key) => before[key] !== next[key]);
    let selection: Selection;
    try {
      selection = resolve(this.run, next);
    } catch (error) {
      this.explain(error);
      return;
    }
    if (this.refresh && different.length && different.every((key) => view.inner?.includes(key))) {
      this.frame(view, selection);
      keepFocus(() => this.refresh?.(selection));
    } else void this.draw(view, selection);
  }

  private frame(view: View, selection: Selection): void {
    keepFocus(() => {
      document.title = `${view.title}: ${this.run.facts.title}`;
      fill(this.tabs, this.views.filter((each) => each.shown(this.run)).map((each) =>
        h("a", { href: this.link({ view: each.id }), "data-key": `tab-${each.id}`,
          "aria-current": each === view ? "page" : null }, each.title)));
      this.tabs.querySelector("[aria-current]")?.scrollIntoView(
        { block: "nearest", inline: "nearest" });
      fill(this.bar, !view.alone && this.choices(selection));
      this.bar.hidden = this.verdict.hidden = Boolean(view.alone);
      const said = h("div", selection.faults.map((fault) => h("p.fault", fault)),
        verdict(this.run, selection));
      if (said.textContent !== this.verdict.textContent) fill(this.verdict, ...said.childNodes);
    });
  }

  private async draw(view: View, selection: Selection): Promise<void> {
    const turn = (this.drawing += 1);
    this.refresh = null;
    this.frame(view, selection);
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.key;
    const fresh = h("div", { class: `view ${view.id}` });
    const reading = h("p.note", { role: "status" }, "Reading the items…");
    const waiting = setTimeout(() => fill(this.host, reading), PATIENCE);
    try {
      const refresh = await view.draw(fresh, this, selection);
      if (turn !== this.drawing) return;
      fill(this.host, fresh);
      this.refresh = refresh ?? null;
      refresh?.(selection);
      performance.mark(`view ${view.id}`);
      if (focused) focus(focused);
    } catch (error) {
      if (turn === this.drawing) this.explain(error);
    } finally {
      clearTimeout(waiting);
    }
  }

  private explain(error: unknown): void {
    this.refresh = null;
    fill(this.host, faultOf(error));
  }

  private heading(): HTMLElement {
    const { title, question, runs } = this.run.facts;
    return h("header",
      h("p.eyebrow", "CrossLift explorer", runs.length > 0 && [" · ", joined(runs.map(word), " and ")]),
      h("h1", word(question || title)));
  }

  private foot(): HTMLElement {
    const { notes, version, arms, targets } = this.run.facts;
    return h("footer",
      notes.length > 0 && h("details", { open: notes.length < 3 },
        h("summary", `What this page lacks (${notes.length})`),
        h("ul", notes.map((note) => h("li", word(note))))),
      h("p.note", `${plural(arms.length, "arm")}, ${plural(targets.length, "target")}. `,
        `CrossLift ${version}. `,
        this.run.facts.live ? "Live search asks the server that sent this page, and no other. "
          : "The page holds all its data and asks no server. ", "It uses no other libraries."));
  }

  private choices(selection: Selection): Child {
    const { run } = this;
    const { target, protocol, arm, against, language } = selection;
    const compared = new Set(run.compared(target.name, protocol.id, arm.name));
    const others = run.facts.arms.filter((each) => each !== arm).map((each) => ({
      value: each.name, words: each.name,
      group: compared.has(each.name) ? "Compared by the run" : "Not compared by the run",
    }));
    return [
      choice("Target", "target", target.name,
        run.facts.targets.map((each) => ({ value: each.name, words: each.title })),
        (value) => this.go({ target: value })),
      target.protocols.length > 1 && choice("Protocol", "protocol", protocol.id,
        target.protocols.map((each) => ({ value: each.id, words: each.words || each.id })),
        (value) => this.go({ protocol: value })),
      choice("Language", "language", language?.code ?? "", [
        { value: "", words: "all languages" },
        ...run.languages(protocol).map((each) => ({ value: each.code, words: each.name })),
      ], (value) => this.go({ language: value })),
      choice("Arm", "arm", arm.name, run.facts.arms.map(({ name }) => ({ value: name, words: name })),
        (value) => this.go({ arm: value })),
      choice("Against", "against", against.name, others, (value) => this.go({ against: value })),
      button("button.swap", () => this.go({ arm: against.name, against: arm.name }), {
        "data-key": "swap", title: "Swap the two arms", "aria-label": "Swap the two arms",
      }, "⇄"),
    ];
  }
}

/** The verdict of the run on what is selected, with its interval; or the reason why there is none. */
function verdict(run: Run, selection: Selection): Child {
  const { target, protocol, arm, against, language } = selection;
  const pair: Child = [armName(arm), " against ", armName(against)];
  if (arm === against)
    return h("p", pair, ": choose a second arm to compare with.");
  const overall = run.stated(target.name, protocol.id, arm.name, against.name, null);
  const mark = markOf(overall);
  const lines: Child[] = [];
  if (overall?.sentence)
    lines.push(h("p", h("span", { class: `mark ${mark.kind}` },
      h("i", { "aria-hidden": "true" }, mark.sign), mark.words),
      h("span", sentence(overall.sentence))));
  else
    lines.push(h("p", h("span.mark.none", h("i", { "aria-hidden": "true" }, "·"), "no verdict"),
      h("span", overall ? [armName(run.arm(overall.arm) ?? arm), " against ",
        armName(run.arm(overall.against) ?? against),
        `: ${signed(overall.difference)} ${interval(overall.low, overall.high)} ${protocol.unit}, `,
        "without a verdict."]
        : [pair, ": the run did not compare these two, so there is no interval and no verdict. ",
          "The page only counts items."])));
  if (language) lines.push(inLanguage(run, selection));
  return lines;
}

function inLanguage(run: Run, { target, protocol, arm, against, language }: Selection): Child {
  const name = language!.name;
  const each = run.difference(target.name, protocol.id, arm.name, against.name, language!.code);
  const [ours, theirs] = [arm, against]
    .map((one) => run.level(target.name, protocol.id, one.name, language!.code)?.level);
  return h("p.small", `${name}: `, armName(arm), ` ${level(ours)}, `, armName(against),
    ` ${level(theirs)}`,
    each
      ? `: ${signed(each.difference)} ${interval(each.low, each.high)} ${protocol.unit}; ` +
        "95% interval of this language alone, not corrected for the number of languages, so no verdict."
      : ". The run has no interval for this pair in this language.");
}

/** A fault as the reader sees it. Faults that we did not foresee show their own words. */
export function faultOf(error: unknown): HTMLElement {
  const message = error instanceof PageError ? error.message
    : `The page failed: ${String((error as Error)?.message ?? error)}.`;
  if (!(error instanceof PageError)) console.error(error);
  return h("div.fault", { role: "alert" }, h("strong", "This cannot be shown. "), word(message));
}

/** A remark where a view has nothing to show. */
export const nothing = (...words: Child[]): HTMLElement => h("p.empty", words);

export const hasItems = (target: Target): boolean => target.protocols.some((each) => each.block);

function focus(key: string): void {
  [...document.querySelectorAll<HTMLElement>("[data-key]")].find((each) => each.dataset.key === key)
    ?.focus({ preventScroll: true });
}

export function keepFocus(change: () => void): void {
  const key = (document.activeElement as HTMLElement | null)?.dataset?.key;
  change();
  if (key && !(document.activeElement as HTMLElement | null)?.dataset?.key) focus(key);
}
