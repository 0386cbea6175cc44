// Two arms as two maps of one projection that was fitted on the baseline; the points that moved most.

import { type Block, readBlock } from "../block";
import { Comparison } from "../comparison";
import { button, type Child, fill, h, toggles, word } from "../dom";
import type { Arm } from "../facts";
import { type Contents, readContents, readItems } from "../items";
import { armName, coloured } from "../looks";
import { decimal, plural } from "../numbers";
import { nothing, type Page, type Refresh, type View } from "../page";
import type { Selection } from "../state";
import { brief, shown } from "./item";

const MOVED = 25;
const FAMILIES = 8;
const NEAR = 18;
const TRAILS = 12;

export const neighbourhood: View = {
  id: "map",
  title: "Neighbourhood",
  inner: ["point"],
  shown: (run) => run.facts.targets.some((target) => target.map),
  async draw(host, page, selection): Promise<Refresh | void> {
    const { target, arm, against } = selection;
    const contents = readContents(page.run.facts, target);
    if (!target.map || !contents) return fill(host,
      nothing("The run kept no vectors of this target, so there is no map."));
    const block = await readBlock(page.run.facts, target.map);
    const places = page.run.places(selection).map((place) => placesOf(block, place));
    if (!places[0] || !places[1]) return fill(host,
      nothing(`The run kept no vectors of ${places[0] ? against.name : arm.name} here.`));
    return new Maps(host, page, selection, block, await contents, places as Places[],
      await kindsOf(page, selection)).refresh;
  },
};

type Places = { x: ArrayLike<number>; y: ArrayLike<number> };

function placesOf(block: Block, arm: number): Places | null {
  const map = `map/${arm}`;
  return block.has(`${map}/x`) ? { x: block.values(`${map}/x`), y: block.values(`${map}/y`) } : null;
}

/** What the arm changed for each content that is a query of the protocol. */
async function kindsOf(page: Page, selection: Selection): Promise<Map<number, string>> {
  const kinds = new Map<number, string>();
  const items = await readItems(page.run.facts, selection.target, selection.protocol);
  if (!items) return kinds;
  const comparison = new Comparison(items, ...page.run.places(selection));
  items.query.forEach((content, item) => {
    const kind = comparison.kinds[comparison.kindOf[item]];
    if (kind && !kinds.has(content)) kinds.set(content, kind.id);
  });
  return kinds;
}

class Maps {
  private readonly points: Uint32Array;
  private readonly inside: number[];
  private readonly moved: number[];
  private readonly distance: Float32Array;
  private readonly canvases: HTMLCanvasElement[];
  private readonly about = h("div.about", { role: "status" });
  private readonly list = h("ol.moved");
  private readonly box: { least: number[]; size: number };
  private chosen = -1;

  constructor(
    host: HTMLElement, private readonly page: Page, private readonly selection: Selection, block: Block,
    private readonly contents: Contents, private readonly places: Places[],
    private readonly kinds: Map<number, string>,
  ) {
    this.points = block.stored("map/content") as Uint32Array;
    const all = Array.from(this.points.keys()).filter((point) => places.every(({ x, y }) =>
      Number.isFinite(x[point] + y[point])));
    this.inside = all.filter((point) => !selection.language
      || contents.language(this.points[point]) === selection.language);
    this.distance = this.distances();
    this.moved = [...this.inside].sort((a, b) => this.distance[b] - this.distance[a]).slice(0, MOVED);
    this.box = boxOf(all, places);
    this.canvases = [selection.against, selection.arm].map((arm, index) =>
      this.canvas(arm, index === 0 ? 1 : 0));
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => {
      if (host.isConnected) this.draw();
      else scheme.removeEventListener("change", redraw);
    };
    scheme.addEventListener("change", redraw);
    fill(host,
      h("p.note", `${plural(all.length, "point")} in one projection, fitted on the vectors of `,
        selection.target.map_arm ? word(selection.target.map_arm) : "the baseline",
        ": both maps have the same axes, and a point that moved has other neighbours. A projection to ",
        "a plane loses most of the space: read it beside the scores, not in their place."),
      h("div.tools", this.colours()),
      h("div.maps", [selection.against, selection.arm].map((arm, index) =>
        h("figure", { vars: coloured(arm) }, h("figcaption", armName(arm, true)),
          this.canvases[index])),
      h("section.movers", h("h3", "Moved most"), this.about, this.list)),
      this.legend());
    if (!this.inside.length) fill(this.about,
      h("span.gap", "No point of this language is in the sample."));
  }

  refresh: Refresh = (selection) => {
    const { point } = selection.state;
    this.chosen = point ? this.inside.find((each) => this.contents.key(this.points[each]) === point)
      ?? -1 : -1;
    this.draw();
    fill(this.list, this.moved.map((each) => this.mover(each)));
    if (this.chosen >= 0) fill(this.about, shown(this.contents, this.points[this.chosen]),
      h("p.small", `moved by ${decimal(this.distance[this.chosen])} of the spread of the map`));
    else if (point) fill(this.about, h("span.gap", "The point of this address is not in the sample."));
  };

  private colours(): Child {
    const usual = this.kinds.size ? "change" : "family";
    const options = this.kinds.size ? ["change", "family", "script"] : ["family", "script"];
    return toggles("Colour by", "colour", this.selection.state.colour ?? usual, options,
      (value) => this.page.go({ colour: value === usual ? "" : value }, true));
  }

  /** How far each point moved, as a share of the root mean square spread of the second arm's map. */
  private distances(): Float32Array {
    const [now, before] = this.places;
    const mean = (values: ArrayLike<number>): number => Array.from(values)
      .reduce((a, b) => a + (Number.isFinite(b) ? b : 0), 0) / (values.length || 1);
    const [mx, my] = [mean(before.x), mean(before.y)];
    const spread = Math.sqrt(mean(Array.from(before.x, (x, i) => (x - mx) ** 2
      + (before.y[i] - my) ** 2))) || 1;
    return Float32Array.from(this.points, (_, point) =>
      Math.hypot(now.x[point] - before.x[point], now.y[point] - before.y[point]) / spread);
  }

  /** The group by which a point is coloured. */
  private group(point: number): string {
    const content = this.points[point];
    const by = this.selection.state.colour ?? (this.kinds.size ? "change" : "family");
    if (by === "change") return this.kinds.get(content) ?? "";
    const language = this.contents.language(content);
    return (by === "script" ? language?.script : language?.family) ?? "";
  }

  private groups(): Map<string, string> {
    if ((this.selection.state.colour ?? "change") === "change" && this.kinds.size)
      return new Map([["gained", "--higher"], ["lost", "--lower"], ["right", "--muted"],
        ["wrong", "--muted"]]);
    const counts = new Map<string, number>();
    for (const group of this.inside.map((point) => this.group(point)))
      counts.set(group, (counts.get(group) ?? 0) + 1);
    counts.delete("");
    const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, FAMILIES);
    return new Map(largest.map(([group], index) => [group, `--group-${index}`]));
  }

  private legend(): HTMLElement {
    const names: Record<string, string> = { right: "both right", wrong: "both wrong" };
    return h("ul.key", [...this.groups()].map(([group, colour]) => h("li",
      h("span", { class: `dot ${group === "wrong" ? "hollow" : ""}`,
        vars: { "--dot": `var(${colour})` } }), names[group] ?? group)),
    h("li.small", "Lines show where the points that moved most came from."));
  }

  private mover(point: number): HTMLElement {
    const content = this.points[point];
    const key = this.contents.key(content);
    const pressed = point === this.chosen;
    return h("li", button("button.plain", () => this.page.go({ point: pressed ? "" : key }, true), {
      "data-key": `point-${key}`, "aria-pressed": String(pressed),
    }, brief(this.contents, content, 80), h("span.code", this.contents.language(content)?.code),
    h("span.num", decimal(this.distance[point]))));
  }

  private canvas(arm: Arm, index: number): HTMLCanvasElement {
    const canvas = h("canvas.map", { role: "img", "data-index": index,
      "aria-label": `Map of ${arm.name}; the list beside it holds the points that moved most.`,
      on: { click: (event) => this.pick(canvas, index, event) } });
    new ResizeObserver(() => this.draw()).observe(canvas);
    return canvas;
  }

  private at(index: number, point: number, side: number): [number, number] {
    const { least, size } = this.box;
    const { x, y } = this.places[index];
    return [((x[point] - least[0]) / size) * side, side - ((y[point] - least[1]) / size) * side];
  }

  private pick(canvas: HTMLCanvasElement, index: number, event: MouseEvent): void {
    const side = canvas.clientWidth;
    let [best, near] = [-1, NEAR];
    for (const point of this.inside) {
      const [x, y] = this.at(index, point, side);
      const distance = Math.hypot(x - event.offsetX, y - event.offsetY);
      if (distance < near) [best, near] = [point, distance];
    }
    this.page.go({ point: best < 0 ? "" : this.contents.key(this.points[best]) }, true);
  }

  private draw(): void {
    const style = getComputedStyle(document.documentElement);
    const groups = this.groups();
    this.canvases.forEach((canvas, order) => {
      const side = canvas.clientWidth;
      const pen = canvas.getContext("2d");
      if (!side || !pen) return;
      const ratio = devicePixelRatio || 1;
      canvas.width = canvas.height = Math.round(side * ratio);
      pen.scale(ratio, ratio);
      const index = order === 0 ? 1 : 0;
      pen.strokeStyle = style.getPropertyValue("--ink");
      if (index === 0) this.trails(pen, side);
      for (const point of this.inside) {
        const group = this.group(point);
        const colour = groups.get(group) ?? "--muted";
        const still = colour === "--muted" && point !== this.chosen;
        pen.globalAlpha = still ? 0.4 : 0.85;
        pen.fillStyle = pen.strokeStyle = style.getPropertyValue(colour);
        pen.beginPath();
        pen.arc(...this.at(index, point, side), still ? 2 : 2.6, 0, 7);
        if (group === "wrong") pen.stroke(); else pen.fill();
      }
      if (this.chosen < 0) return;
      pen.lineWidth = 2;
      pen.strokeStyle = style.getPropertyValue("--ink");
      pen.beginPath();
      pen.arc(...this.at(index, this.chosen, side), 7, 0, 7);
      pen.stroke();
    });
  }

  /** From where the points that moved most came, on the map of the selected arm. */
  private trails(pen: CanvasRenderingContext2D, side: number): void {
    pen.globalAlpha = 0.35;
    for (const point of new Set([...this.moved.slice(0, TRAILS), this.chosen])) {
      if (point < 0) continue;
      pen.beginPath();
      pen.moveTo(...this.at(1, point, side));
      pen.lineTo(...this.at(0, point, side));
      pen.stroke();
    }
  }
}

/** A square around all points of both maps, with a margin. */
function boxOf(points: number[], places: Places[]): { least: number[]; size: number } {
  const [x, y] = (["x", "y"] as const).map((axis) => {
    const all = places.flatMap((place) => points.map((point) => place[axis][point]));
    return [Math.min(...all), Math.max(...all)];
  });
  const size = 1.08 * Math.max(x[1] - x[0], y[1] - y[0], 1e-9);
  return { least: [(x[0] + x[1] - size) / 2, (y[0] + y[1] - size) / 2], size };
}
