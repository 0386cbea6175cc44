// Builds elements. Texts become text nodes: nothing here reads markup.

export type Child = Node | string | number | null | undefined | false | Child[];
type Value = string | number | boolean | null | undefined;
type Handlers = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
export interface Attributes {
  on?: Handlers;
  vars?: Record<string, string | number>;
  [name: string]: Value | Handlers | Record<string, string | number>;
}

function dress(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, handler] of Object.entries(value as Handlers))
        element.addEventListener(event, handler as EventListener);
    } else if (name === "vars") {
      const style = (element as HTMLElement | SVGElement).style;
      for (const [key, each] of Object.entries(value as Record<string, string | number>))
        style.setProperty(key, String(each));
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
}

function append(parent: Element, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, child);
    else if (child !== null && child !== undefined && child !== false)
      parent.append(typeof child === "number" ? String(child) : child);
  }
}

type Tag = keyof HTMLElementTagNameMap;

const isAttributes = (each: Attributes | Child): each is Attributes =>
  typeof each === "object" && each !== null && !(each instanceof Node) && !Array.isArray(each);

/**
 * An element of HTML: `h("p.note", { title: "…" }, "text", child)`. Attributes may be left out; `on`
 * holds handlers, `vars` properties of its style. What is null or false is left out.
 */
export function h<K extends Tag>(
  tag: K | `${K}.${string}`, first?: Attributes | Child, ...rest: Child[]
): HTMLElementTagNameMap[K] {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name) as HTMLElementTagNameMap[K];
  if (classes.length) element.className = classes.join(" ");
  if (isAttributes(first)) dress(element, first, rest);
  else dress(element, {}, [first, ...rest]);
  return element;
}

/** An element of SVG. */
export function s(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  dress(element, attributes, children);
  return element;
}

/** A button that calls `click`. */
export function button(
  tag: "button" | `button.${string}`, click: () => void, attributes: Attributes, ...children: Child[]
): HTMLButtonElement {
  return h(tag, { type: "button", ...attributes, on: { click } }, ...children);
}

/** The head of a table; a name that begins with `#` is that of a column of numbers. */
export function headings(...names: Child[]): HTMLElement {
  return h("thead", h("tr", names.map((name) => (typeof name === "string" && name.startsWith("#")
    ? h("th.num", { scope: "col" }, name.slice(1)) : h("th", { scope: "col" }, name)))));
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

/** A word of the data beside our own words: its direction stays inside. */
export const word = (text: string): HTMLElement => h("bdi", text);

/** A sentence whose names are between backticks. */
export function sentence(text: string): Child[] {
  return text.split("`").map((part, index) => (index % 2 ? h("code", word(part)) : part));
}

/** Several nodes with a text between them. */
export function joined(parts: Child[], between: string): Child[] {
  return parts.flatMap((part, index) => (index ? [between, part] : [part]));
}

type Option = { value: string; words: string; group?: string };

/** A labelled choice of one of several values. */
export function choice(
  label: string, key: string, value: string, options: Option[],
  chosen: (value: string) => void, extra: Attributes = {},
): HTMLElement {
  const select = h("select", {
    "data-key": key, ...extra, on: { change: () => chosen(select.value) },
  });
  const groups = [...new Set(options.map((each) => each.group))];
  for (const group of groups) {
    const inside = options.filter((each) => each.group === group).map((each) =>
      h("option", { value: each.value, selected: each.value === value }, each.words));
    select.append(...(group ? [h("optgroup", { label: group }, inside)] : inside));
  }
  return h("label", { class: `choice of-${key}` }, h("span", label), select);
}

/** Buttons of which one is pressed. */
export function toggles(
  label: string, key: string, value: string, values: string[], chosen: (value: string) => void,
): HTMLElement {
  const buttons = values.map((each) => button("button", () => chosen(each), {
    "aria-pressed": String(each === value), "data-key": `${key}-${each}`,
  }, each));
  return h("div.choice", { role: "group", "aria-label": label },
    h("span", { "aria-hidden": "true" }, label), h("div.toggles", buttons));
}

/** A table that scrolls where the window cuts it: it says so there, and the keyboard reaches it. */
export function scroll(label: string, table: HTMLElement, tall = false): HTMLElement {
  const region = { role: "region", "aria-label": label };
  const box = h(tall ? "div.scroll.tall" : "div.scroll", region, table);
  const measure = (): void => {
    const across = box.scrollWidth > box.clientWidth + 1;
    box.toggleAttribute("data-cut", across);
    box.tabIndex = across || box.scrollHeight > box.clientHeight + 1 ? 0 : -1;
  };
  new ResizeObserver(() => requestAnimationFrame(measure)).observe(box);
  return box;
}
