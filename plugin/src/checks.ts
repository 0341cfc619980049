// Recognising values and saying what is wrong with them. By tag, never by instanceof: hosts, plugins
// and test harnesses hand over objects of other realms.
import type { Bytes, DType, TensorData } from './types';

/** Throws a sentence. */
export function fail(sentence: string): never {
  throw new Error(sentence);
}

/** An error's sentence as a part of another. */
export function messageOf(error: unknown): string {
  return (error as Error).message.replace(/\.$/, '');
}

/** "Float32Array", "Object", "Undefined"… */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** The value as bytes without copying, or undefined when it is none of the forms of Bytes. */
export function asBytes(value: unknown): Uint8Array | undefined {
  const tag = tagOf(value);
  if (tag === 'ArrayBuffer') return new Uint8Array(value as ArrayBuffer);
  if (tag === 'Uint8Array' || tag === 'Uint8ClampedArray') {
    const view = value as Uint8Array;
    return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
  }
  return undefined;
}

/** A short description for "… is needed, this is X". */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `the text "${value.length > 40 ? value.slice(0, 40) + '…' : value}"`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const length = (value as { length?: unknown }).length;
  return typeof length === 'number' ? `a ${tagOf(value)} of ${length}` : `a ${tagOf(value)}`;
}

/** By their numbers in wxnn_model_output_shape. */
export const kDTypes: DType[] = ['float32', 'int32', 'bool', 'complex64'];

/** The typed array that carries a dtype: its name, and how many of its entries make one element. */
export function arrayOf(dtype: DType): { tag: string; width: number } {
  return { tag: dtype === 'int32' ? 'Int32Array' : dtype === 'bool' ? 'Uint8Array' : 'Float32Array', width: dtype === 'complex64' ? 2 : 1 };
}

/** A view of `count` elements of a dtype at a byte offset. */
export function viewOf(dtype: DType, buffer: ArrayBuffer, offset: number, count: number): TensorData {
  const { tag, width } = arrayOf(dtype);
  const kind = tag === 'Int32Array' ? Int32Array : tag === 'Uint8Array' ? Uint8Array : Float32Array;
  return new kind(buffer, offset, count * width);
}

export function elements(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}

/** "[1,128,128,3]", with "?" for an open dimension. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.map((dimension) => (dimension < 0 ? '?' : dimension)).join(',')}]`;
}

/** Refuses what is not an integer of [low, high]. */
export function checkInteger(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || Math.floor(value) !== value || value < low || value > high) {
    fail(`${name} must be a whole number from ${low} to ${high}; this is ${describe(value)}.`);
  }
  return value;
}

/** Refuses what is not a number of [low, high]; NaN included. */
export function checkNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !(value >= low && value <= high)) {
    fail(`${name} must be a number from ${low} to ${high}; this is ${describe(value)}.`);
  }
  return value;
}

/** Refuses an options object with a misspelt or unknown key. */
export function checkKeys(name: string, value: unknown, known: string[]): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null) fail(`${name} must be an object; this is ${describe(value)}.`);
  for (const key of Object.keys(value)) {
    if (known.indexOf(key) < 0) fail(`${name} has no "${key}"; it knows ${known.join(', ')}.`);
  }
}

/** RGBA pixels as bytes; refuses a wrong type, 0x0 and a length that does not fit. */
export function checkPicture(rgba: unknown, width: unknown, height: unknown): Uint8Array {
  checkInteger('width', width, 1, 65535);
  checkInteger('height', height, 1, 65535);
  const pixels = asBytes(rgba as Bytes);
  if (!pixels) fail(`rgba must be an ArrayBuffer, Uint8Array or Uint8ClampedArray; this is ${describe(rgba)}.`);
  const needed = (width as number) * (height as number) * 4;
  if (pixels.length !== needed) {
    fail(`rgba must have ${needed} bytes for ${width} x ${height} pixels; it has ${pixels.length}.`);
  }
  return pixels;
}

export function lengthOf(parts: Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

export function joinBytes(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(lengthOf(parts));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

/** Bytes `from` to `to`, without the last, of pieces one after another: a view of each, most of them empty. */
export function viewsOf(pieces: Uint8Array[], from: number, to: number): Uint8Array[] {
  return pieces.map((piece) => {
    const view = piece.subarray(Math.max(from, 0), Math.max(to, 0));
    from -= piece.length;
    to -= piece.length;
    return view;
  });
}
