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

/** An element of HTML. `on` holds handlers, `vars` properties of its style; null and false are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  dress(element, attributes, children);
  return element;
}

/** An element of SVG. */
export function s(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  dress(element, attributes, children);
  return element;
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

/** A word of the data beside our own words: its direction stays inside. */
export const word = (text: string): HTMLElement => h("bdi", {}, text);

/** A sentence whose names are between backticks. */
export function sentence(text: string): Child[] {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, word(part)) : part));
}

/** Several nodes with a text between them. */
export function joined(parts: Child[], between: string): Child[] {
  return parts.flatMap((part, index) => (index ? [between, part] : [part]));
}

/** A labelled choice of one of several values. */
export function choice(
  label: string, key: string, value: string, options: { value: string; words: string; group?: string }[],
  chosen: (value: string) => void, extra: Attributes = {},
): HTMLElement {
  const select = h("select", {
    "data-key": key, ...extra, on: { change: () => chosen(select.value) },
  });
  const groups = new Map<string, HTMLElement>();
  for (const each of options) {
    const option = h("option", { value: each.value, selected: each.value === value }, each.words);
    if (!each.group) select.append(option);
    else {
      if (!groups.has(each.group)) {
        groups.set(each.group, h("optgroup", { label: each.group }));
        select.append(groups.get(each.group)!);
      }
      groups.get(each.group)!.append(option);
    }
  }
  return h("label", { class: `choice ${key}` }, h("span", {}, label), select);
}

/** Buttons of which one is pressed. */
export function toggles(
  label: string, key: string, value: string, options: { value: string; words: string }[],
  chosen: (value: string) => void,
): HTMLElement {
  const buttons = options.map((each) =>
    h("button", {
      type: "button", "aria-pressed": String(each.value === value), "data-key": `${key}-${each.value}`,
      on: { click: () => chosen(each.value) },
    }, each.words));
  return h("div", { class: "choice", role: "group", "aria-label": label },
    h("span", { "aria-hidden": "true" }, label), h("div", { class: "toggles" }, buttons));
}

/** A table that scrolls where the window cuts it: it says so there, and the keyboard reaches it. */
export function scroll(label: string, table: HTMLElement, tall = false): HTMLElement {
  const box = h("div", { class: tall ? "scroll tall" : "scroll", role: "region", "aria-label": label }, table);
  new ResizeObserver(() => {
    const across = box.scrollWidth > box.clientWidth + 1;
    box.toggleAttribute("data-cut", across);
    box.tabIndex = across || box.scrollHeight > box.clientHeight + 1 ? 0 : -1;
  }).observe(box);
  return box;
}
