// One item: its query, the right answer, and what the arms found.

import { NONE } from "../block";
import type { Comparison } from "../comparison";
import { button, type Child, fill, h, toggles, word } from "../dom";
import type { Arm, Language } from "../facts";
import { type Answer, type Contents, isRight, type Items } from "../items";
import { armName, coloured } from "../looks";
import { count, cut, decimal, finite, plural, score } from "../numbers";
import type { Page } from "../page";
import type { Selection } from "../state";

const LONG = 700;
const SQUARES = 12;
const OPEN_ARMS = 12;

/** The seeds of an arm on one item: a square for each, filled if the seed is right. */
export function strip(
  items: Items, arm: number, item: number,
): { element: HTMLElement; words: string } {
  const outcomes = items.seeds(arm).map((seed) => items.block.value(`outcome/${arm}/${seed}`, item));
  const measured = outcomes.filter(finite).length;
  const right = outcomes.filter(isRight).length;
  const graded = !items.protocol.right;
  const words = !outcomes.length ? "not measured"
    : !measured ? "no outcome"
    : graded ? outcomes.map((each) => (finite(each) ? decimal(each) : "–")).join(", ")
      : `right in ${right} of ${plural(measured, "seed")}`;
  const filled = (each: number): number => (finite(each) ? Math.max(0, Math.min(1, each)) : 0);
  const few = outcomes.length <= SQUARES && outcomes.every((each) => each >= 0 && each <= 1);
  const marks = few ? outcomes.map((each) => h("i.seed", { vars: { "--fill": filled(each) } }))
    : h("span.num", graded || !measured ? words : `${right}/${measured}`);
  return { element: h("span.strip", { role: "img", "aria-label": words, title: words }, marks), words };
}

/** The thumbnail of a content; null if it is a text. */
export function thumbnail(contents: Contents, content: number, size: string): Child {
  if (content === NONE || !contents.isPicture(content)) return null;
  const source = contents.picture(content);
  if (!source) return h("span", { class: `frame ${size}`,
    title: "The page has no thumbnail of this picture" }, "no picture");
  const alt = contents.text(content) ?? `picture ${contents.id(content)}`;
  return h("img", { class: size, src: source, alt, loading: "lazy" });
}

/** The beginning of a content in one line, in its own direction, with its thumbnail. */
export function brief(contents: Contents, content: number, characters = 160): Child {
  const words = cut(contents.words(content), characters);
  const known = contents.text(content) !== null;
  const language = known ? contents.language(content) : null;
  const missing = !known || (language !== null && missingFont(language, words));
  return [thumbnail(contents, content, "small"), h(missing ? "span.text.gap" : "span.text", {
    lang: language?.code || null, dir: language?.rtl ? "rtl" : "auto",
  }, words)];
}

/** A content as it is shown in full: picture, text, or the remark that there is none. */
export function shown(contents: Contents, content: number): Child {
  if (content === NONE) return h("span.gap", "not in the data of this page");
  const text = contents.text(content);
  const picture = thumbnail(contents, content, "large");
  if (text === null) return picture ?? h("span.gap", "no text; its id is ", word(contents.id(content)));
  const language = contents.language(content);
  const boxes = language !== null && missingFont(language, text);
  return [picture, longText(text, language),
    boxes && h("span.small", ` This computer has no font for ${language.name}: boxes are letters.`)];
}

function longText(text: string, language: Language | null): HTMLElement {
  const attributes = { class: "text", lang: language?.code || null,
    dir: language ? (language.rtl ? "rtl" : "ltr") : "auto" };
  if (text.length <= LONG) return h("span", attributes, text || h("span.gap", "an empty text"));
  const body = h("span", attributes, cut(text, LONG));
  const whole = button("button.plain.link", () => {
    body.textContent = text;
    whole.remove();
  }, {}, `Show all ${count(text.length)} characters`);
  return h("span", body, " ", whole);
}

/** The item with everything that the run knows of it. */
export function detail(page: Page, selection: Selection, comparison: Comparison, item: number): Child {
  const { items } = comparison;
  const { run } = page;
  const kind = comparison.kinds[comparison.kindOf[item]];
  const language = run.facts.languages[items.language[item]];
  const control = run.facts.arms.find((each) => each.control_of === selection.arm.name);
  const beside = [...new Set([selection.arm, selection.against, control])]
    .filter((each): each is Arm => Boolean(each));
  return [
    h("p.eyebrow", h("span", { class: `sign ${kind?.side ?? "none"}` },
      kind ? `${kind.sign} ${kind.words}` : "no outcome"),
      ` · ${language?.name ?? "unknown language"} · `,
      items.length[item] ? plural(items.length[item], "character")
        : items.contents.isPicture(items.query[item]) ? "picture" : "no text",
      items.clean[item] ? "" : " · overlaps with training"),
    h("div.ask", shown(items.contents, items.query[item])),
    h("dl.pairs", h("dt", items.protocol.several_right ? "A right answer (there may be others)"
      : "Right answer"), h("dd", shown(items.contents, items.right[item]))),
    h("div.sides", beside.map((arm) => side(page, selection, comparison, item, arm))),
    others(page, comparison, item, new Set(beside)),
  ];
}

function side(page: Page, selection: Selection, { items }: Comparison, item: number, arm: Arm): Child {
  const index = page.run.armIndex.get(arm.name)!;
  const seeds = items.seeds(index);
  const seed = seeds.find((each) => String(each) === selection.state.seed) ?? seeds[0];
  const answers = seed === undefined ? null : items.answers(index, seed, item);
  const judged = answers?.map((each) => items.rightAnswer(item, each.content)) ?? [];
  return h("section.side-arm", { vars: coloured(arm) },
    h("h3", armName(arm, true), strip(items, index, item).element),
    seeds.length > 1 && toggles("Seed", `seed-${index}`, String(seed), seeds.map(String),
      (value) => page.go({ seed: value }, true)),
    answers?.some((each) => each.score !== null) && arm.postprocessing.length > 0
      && h("p.small", `Scores after ${arm.postprocessing.join(", ")}: `,
        arm.postprocessing.includes("csls") ? "not cosines." : "cosines of changed vectors."),
    seed === undefined ? h("p.gap", "not measured on this target")
      : !answers ? h("p.gap", "The run did not keep what this arm found.")
        : h("ol", { class: onlyPictures(items, answers) ? "ranks film" : "ranks" },
          answers.length === 0 && h("li.gap", "It found nothing."),
          answers.map((each, rank) => h("li", { class: judged[rank] ? "right" : null },
            h("span.answer", shown(items.contents, each.content)),
            h("span.num", judged[rank] && h("b.tick", "✓ right "),
              each.score === null ? "" : score(each.score)))),
          answers.length > 1 && judged.every((each) => each === false)
            && h("li.gap", { value: answers.length + 1 },
            `The right answer is not among the first ${answers.length}.`)));
}

const onlyPictures = ({ contents }: Items, answers: Answer[]): boolean =>
  answers.length > 1 && answers.every(({ content }) => contents.isPicture(content)
    && contents.text(content) === null);

/** All other arms in short: their seeds and their first answer. */
function others(page: Page, { items }: Comparison, item: number, beside: Set<Arm>): Child {
  const rest = page.run.facts.arms.filter((arm) => !beside.has(arm)
    && items.seeds(page.run.armIndex.get(arm.name)!).length);
  if (!rest.length) return null;
  const list = h("ul.others");
  const draw = (): void => fill(list, rest.map((arm) => {
    const index = page.run.armIndex.get(arm.name)!;
    const first = items.answers(index, items.seeds(index)[0], item)?.[0];
    return h("li",
      button("button.plain", () => page.go({ arm: arm.name }), { title: `Compare ${arm.name}` },
        armName(arm)),
      strip(items, index, item).element,
      h(items.rightAnswer(item, first?.content) ? "span.right" : "span",
        first && brief(items.contents, first.content)));
  }));
  const details = h("details", { open: rest.length <= OPEN_ARMS,
    on: { toggle: () => { if (!list.firstChild) draw(); } } },
    h("summary", `First answers of ${plural(rest.length, "other arm")}`), list);
  if (details.open) draw();
  return details;
}

const fonts = new Map<string, boolean>();

/** Whether this computer draws a language's letters as boxes: like a letter that cannot exist. */
export function missingFont(language: Language, text: string): boolean {
  const letter = [...text].find((each) => /\p{L}/u.test(each) && each > "\u024f");
  if (!letter) return false;
  const script = `${language.script} ${letter.codePointAt(0)! >> 7}`;
  let missing = fonts.get(script);
  if (missing === undefined) {
    missing = drawn(letter) === drawn("\u{10fffe}");
    fonts.set(script, missing);
  }
  return missing;
}

function drawn(letter: string): string {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  if (!pen) return letter;
  canvas.width = canvas.height = 32;
  pen.font = "24px system-ui, sans-serif";
  pen.fillText(letter, 2, 26);
  return canvas.toDataURL();
}
