// A list of any length that builds only the rows on the screen; a listbox for keyboards and readers.

import { fill, h } from "./dom";

const SPARE = 6;
const UNKNOWN_HEIGHT = 600;

export class LongList {
  readonly element: HTMLElement;
  private readonly space = h("div.space", { role: "presentation" });
  private shown: number[] = [];
  private active = -1;
  private scheduled = false;

  /**
   * @param height of a row in pixels, the same for all.
   * @param row builds what a row shows, and its name for screen readers.
   * @param chosen is called with the item that a click or a key selects.
   */
  constructor(
    label: string, private readonly height: number,
    private readonly row: (item: number) => { content: Node[]; label: string },
    private readonly chosen: (item: number) => void,
  ) {
    this.element = h("div.list", {
      role: "listbox", tabindex: 0, "aria-label": label, "data-key": "list",
      on: { scroll: () => this.schedule(), keydown: (event) => this.key(event) },
    }, this.space);
    new ResizeObserver(() => this.schedule()).observe(this.element);
  }

  /** Shows these items; `active` is the selected one, -1 for none. */
  show(items: number[], active: number): void {
    const same = items.length === this.shown.length
      && items.every((each, index) => each === this.shown[index]);
    this.shown = items;
    this.active = items.indexOf(active);
    if (!same) this.element.scrollTop = 0;
    if (this.active >= 0) this.reveal();
    this.paint();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.paint();
    });
  }

  private paint(): void {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - SPARE);
    const below = Math.ceil((scrollTop + (clientHeight || UNKNOWN_HEIGHT)) / this.height) + SPARE;
    const last = Math.min(this.shown.length, below);
    this.space.style.setProperty("height", `${this.shown.length * this.height}px`);
    fill(this.space, this.shown.slice(first, last).map((item, index) =>
      this.option(item, first + index)));
    if (this.active >= first && this.active < last)
      this.element.setAttribute("aria-activedescendant", `row-${this.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  private option(item: number, place: number): HTMLElement {
    const { content, label } = this.row(item);
    return h("div", {
      id: `row-${place}`, class: "row", role: "option", "aria-label": label,
      "aria-selected": String(place === this.active),
      "aria-setsize": this.shown.length, "aria-posinset": place + 1,
      vars: { top: `${place * this.height}px` },
      on: { click: () => this.choose(place) },
    }, content);
  }

  private choose(place: number): void {
    if (!this.shown.length) return;
    this.active = Math.max(0, Math.min(this.shown.length - 1, place));
    this.reveal();
    this.paint();
    this.chosen(this.shown[this.active]);
  }

  private reveal(): void {
    const top = this.active * this.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (clientHeight && top + this.height > scrollTop + clientHeight)
      this.element.scrollTop = top + this.height - clientHeight;
  }

  private key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const steps: Record<string, number> = {
      ArrowDown: this.active + 1, ArrowUp: this.active - 1,
      PageDown: this.active + page, PageUp: this.active - page,
      Home: 0, End: this.shown.length - 1, Enter: this.active, " ": this.active,
    };
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.choose(steps[event.key]);
  }
}
