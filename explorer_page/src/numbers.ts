// How numbers are written: the same as in the report (crosslift/wording.py).

const MINUS = "\u2212";
export const finite = (value: number | null | undefined): value is number =>
  typeof value === "number" && Number.isFinite(value);
const round = (text: string): string => text.replace("-", MINUS);

/** As Python writes it: a value in the very middle goes to the even digit, 40.25 to 40.2. */
const fixed = (value: number, decimals: number): string => (new RegExp(`[02468]50{${19 - decimals}}$`)
  .test(value.toFixed(20)) ? value.toFixed(20).slice(0, decimals - 20) : value.toFixed(decimals));

/** A level with one decimal; an en dash where there is none. */
export function level(value: number | null | undefined): string {
  if (!finite(value)) return "–";
  const text = fixed(value, 1);
  return Number(text) === 0 ? "0.0" : round(text);
}

/** A number with one decimal; more where one would hide that it is not 0, three at most. */
export function decimal(value: number): string {
  for (let decimals = 1; decimals <= 3; decimals += 1) {
    const text = fixed(value, decimals);
    if (Number(text) !== 0) return round(text);
  }
  return "0.0";
}

/** The same with its sign; 0 has none. */
export function signed(value: number | null | undefined): string {
  if (!finite(value)) return "–";
  const text = decimal(value);
  return value > 0 && text !== "0.0" ? `+${text}` : text;
}

/** An interval: `[17.2, 24.5]`. */
export function interval(low: number | null | undefined, high: number | null | undefined): string {
  return finite(low) && finite(high) ? `[${decimal(low)}, ${decimal(high)}]` : "no interval";
}

export const count = (value: number): string => Math.round(value).toLocaleString("en");

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${Math.round(value) === 1 ? "" : "s"}`;
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** A large amount in few characters: `2.02T`, `15.4K`. */
export const amount = (value: number | null | undefined): string =>
  (finite(value) ? round(compact.format(value)) : "–");

/** A score of an answer, with three decimals. */
export const score = (value: number): string => round(value.toFixed(3));

export const percent = (part: number, whole: number): string =>
  whole > 0 ? `${((100 * part) / whole).toFixed(part && part / whole < 0.00995 ? 1 : 0)}%` : "–";

/** The first characters of a text, never half of one. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
