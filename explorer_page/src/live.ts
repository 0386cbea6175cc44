// The server of live search, as the page asks it: docs/explorer-live.md describes what it answers.

import { PageError } from "./facts";

export interface Pool {
  id: string; title: string; kind: "texts" | "pictures"; size: number;
  languages: Record<string, number>; notes: string[];
}

export interface Server {
  arms: { name: string; notes: string[] }[]; missing: Record<string, string>; pools: Pool[];
  notes: string[]; limits: { characters: number; bytes: number; types: string[] };
}

export interface Item {
  text: string | null; name: string; picture: string | null; languages: string[];
  ranks: Record<string, number>; scores: Record<string, number>;
}

export interface ArmHits { arm: string; baseline: string; hits: number[] }

export interface Result {
  searched: number; arms: ArmHits[]; missing: Record<string, string>; items: Record<string, Item>;
}

/** What is asked: the same request gives the hits as JSON and as CSV. */
export interface Asked { key: string; path: string; type: string; body: BodyInit }

const TRIES = 5;
const LONGEST_WAIT = 10;

/** An answer of the server; waits where it is busy. Throws a PageError in its words if it refuses. */
async function request(path: string, init?: RequestInit): Promise<Response> {
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(path, init).catch(() => {
      throw new PageError("The server does not answer. Is `crosslift explore --serve` still running?");
    });
    if (response.ok) return response;
    if (response.status !== 503 || tries === TRIES) {
      const answer = await response.json().catch(() => ({})) as { error?: string };
      throw new PageError(answer.error ?? `The server answered ${response.status}.`);
    }
    const seconds = Math.min(LONGEST_WAIT, Number(response.headers.get("retry-after")) || 1);
    await new Promise((go) => setTimeout(go, 1000 * seconds));
  }
}

/** What can be searched, and by which arms. */
export const readServer = async (): Promise<Server> =>
  await (await request("api/live")).json() as Server;

const post = async (asked: Asked, accept: string): Promise<Response> => request(
  asked.path, { method: "POST", headers: { "content-type": asked.type, accept }, body: asked.body });

export const readHits = async (asked: Asked): Promise<Result> =>
  await (await post(asked, "application/json")).json() as Result;

export const readCsv = async (asked: Asked): Promise<Blob> =>
  await (await post(asked, "text/csv")).blob();

/** A search for a text. */
export function ofText(text: string, pool: string, count: number, languages: string[]): Asked {
  const body = JSON.stringify({ text, pool, count, languages });
  return { key: body, path: "api/search/text", type: "application/json", body };
}

/** A search for a picture. */
export function ofPicture(file: File, pool: string, count: number, languages: string[]): Asked {
  const single = [["pool", pool], ["count", String(count)]];
  const query = new URLSearchParams([...single, ...languages.map((code) => ["languages", code])]);
  const path = `api/search/picture?${query}`;
  const key = `${path} ${file.name} ${file.lastModified} ${file.size}`;
  return { key, path, type: file.type, body: file };
}
