// Reads blocks: columns of numbers and pools of strings, compressed in the document or beside it.

import { type Column, type Facts, PageError } from "./facts";

const KINDS = {
  u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f32: Float32Array,
};
export const NONE = 0xffffffff;

export class Block {
  constructor(
    readonly name: string, private readonly bytes: ArrayBuffer,
    private readonly columns: Record<string, Column>,
  ) {}

  has(name: string): boolean {
    return name in this.columns;
  }

  /** The numbers of a column as they are stored. */
  stored(name: string): Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array {
    const column = this.columns[name];
    if (!column) throw new PageError(
      `The block “${this.name}” lacks the column “${name}”. Build the page again.`);
    const kind = KINDS[column.type];
    const end = column.offset + column.length * (kind?.BYTES_PER_ELEMENT ?? 0);
    if (!kind || end > this.bytes.byteLength)
      throw new PageError(
        `The column “${name}” of the block “${this.name}” is damaged. Build the page again.`);
    return new kind(this.bytes, column.offset, column.length);
  }

  /** The values of a column: its scale and zero applied. */
  values(name: string): Float32Array {
    const stored = this.stored(name);
    const { scale, zero = 0 } = this.columns[name];
    if (scale === undefined) return Float32Array.from(stored);
    return Float32Array.from(stored as ArrayLike<number>, (each) => zero + scale * each);
  }

  /** One value of a column. */
  value(name: string, index: number): number {
    const { scale = 1, zero = 0 } = this.columns[name] ?? {};
    return zero + scale * this.stored(name)[index];
  }

  /** Piece `index` of a pool of bytes. */
  piece(pool: string, index: number): Uint8Array {
    const ends = this.stored(`${pool}/ends`);
    const bytes = this.stored(`${pool}/bytes`) as Uint8Array;
    return bytes.subarray(index > 0 ? ends[index - 1] : 0, ends[index]);
  }
}

const read = new Map<string, Promise<Block>>();

/** A block of the page, read once. Throws a PageError if it is missing, cut or damaged. */
export function readBlock(facts: Facts, name: string): Promise<Block> {
  let block = read.get(name);
  if (!block) {
    block = decode(facts, name);
    read.set(name, block);
  }
  return block;
}

async function decode(facts: Facts, name: string): Promise<Block> {
  const entry = facts.blocks?.[name];
  await wholeDocument();
  const element = [...document.querySelectorAll<HTMLElement>("script.block")]
    .find((each) => each.dataset.name === name);
  if (!entry || !element)
    throw new PageError(
      `The block “${name}” is missing: the file was cut off. Copy it again, or build the page again.`);
  let bytes: ArrayBuffer;
  try {
    const packed = element.dataset.src ? await fetched(element.dataset.src)
      : fromBase64(element.textContent ?? "");
    element.textContent = "";
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    bytes = await new Response(stream).arrayBuffer();
  } catch (error) {
    if (error instanceof PageError) throw error;
    throw new PageError(
      `The block “${name}” is damaged or was cut off. Copy the file again, or build the page again.`,
    );
  }
  if (bytes.byteLength !== entry.bytes)
    throw new PageError(
      `The block “${name}” has ${bytes.byteLength} bytes, not ${entry.bytes}. Build the page again.`,
    );
  return new Block(name, bytes, entry.columns);
}

async function fetched(source: string): Promise<ArrayBuffer> {
  const answer = await fetch(source).catch(() => null);
  if (!answer?.ok)
    throw new PageError(
      `The page could not fetch “${source}”${answer ? ` (${answer.status})` : ""}. ` +
        "A page with a folder of blocks needs a web server; a single file does not.",
    );
  return answer.arrayBuffer();
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const kind = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
  if (kind.fromBase64) return kind.fromBase64(text);
  const characters = atob(text.trim());
  return Uint8Array.from({ length: characters.length }, (_, index) => characters.charCodeAt(index));
}

/** Resolves when the whole document is there: the script runs before the blocks below it are read. */
function wholeDocument(): Promise<void> {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((done) => addEventListener("DOMContentLoaded", () => done(), { once: true }));
}
