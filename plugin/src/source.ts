// From whatever loadModel was given to the bytes that the engine reads: a .tflite file or a node list.
import { asBytes, describe, elements, fail, lengthOf, tagOf } from './checks';
import { checkAborted, getHost } from './host';
import { encodeNodeList } from './node_list';
import { utf8Decode } from './text';
import type { Bytes, IOHandler, LoadOptions, ModelParts, ModelSource } from './types';

export interface ModelFile {
  /** How sentences call it: its address in quotes, or "the model". */
  name: string;
  format: 'tflite' | 'tfjs';
  /** The file, in pieces that need no joining before they lie in the heap. */
  pieces: Uint8Array[];
}

export interface WeightSpec {
  name: string;
  shape: number[];
  dtype: string;
  quantization?: { dtype: string };
}

export interface WeightGroup {
  paths: string[];
  weights: WeightSpec[];
}

export interface ModelJson {
  modelTopology: { node?: unknown; model_config?: unknown; class_name?: unknown };
  format?: string;
  weightsManifest?: WeightGroup[];
  weightSpecs?: WeightSpec[];
}

export async function readModel(source: ModelSource, options: LoadOptions): Promise<ModelFile> {
  if (typeof source === 'string') return readAddress(source, options);
  const name = 'the model';
  const bytes = asBytes(source);
  if (bytes) {
    if (looksLike(bytes, '{')) fail('a model.json has its weights in other files: give its address, or {model, weights}.');
    return fromTflite(name, bytes);
  }
  if (typeof (source as IOHandler | undefined)?.load === 'function') {
    const artifacts = (await (source as IOHandler).load()) as ModelJson & { weightData?: Bytes | Bytes[] };
    return fromJson(name, artifacts, artifacts && artifacts.weightData);
  }
  if (tagOf(source) !== 'Object') {
    fail(`loadModel needs an address, bytes, {model, weights} or a tf.io.IOHandler; this is ${describe(source)}.`);
  }
  const { model, weights } = source as ModelParts;
  const file = asBytes(model);
  if (file && !looksLike(file, '{')) return fromTflite(name, file);
  return fromJson(name, file || typeof model === 'string' ? parseModelJson(name, (file || model) as Uint8Array | string) : model, weights);
}

async function readAddress(address: string, options: LoadOptions): Promise<ModelFile> {
  const name = `"${address}"`;
  let pieces: (() => Uint8Array[]) | undefined;
  const { file, json, shards } = await fetchModel(address, options, (model, coming, bytes) => {
    try {
      pieces = encodeNodeList(model, coming, bytes);
    } catch {
      // said when the weights are there
    }
  });
  return orForget(address, options, () => (json ? fromGraph(name, json, shards, pieces) : fromTflite(name, file)));
}

/**
 * A .tflite file's bytes, or a model.json with its shards, their number of bytes checked. `meanwhile` may work on the JSON while the
 * shards come: it is told the array that will hold them, and the bytes they will be in all, where that is known.
 */
export async function fetchModel(
  address: string, options: LoadOptions, meanwhile?: (json: ModelJson, coming: Uint8Array[], bytes: number) => void,
): Promise<{ file: Uint8Array; json?: ModelJson; shards: Uint8Array[] }> {
  const name = `"${address}"`;
  if (!address) fail('loadModel was given an empty address.');
  const report = progressOf(address, options);
  const file = await getHost().fetch(address, { ...options, onBytes: report.file });
  if (!looksLike(file, '{')) return { file, shards: [] };
  const json = await orForget(address, options, () => parseModelJson(name, file));
  const groups = json.weightsManifest || [];
  const shards: { group: WeightGroup; path: string }[] = [];
  for (const group of groups) for (const path of group.paths || []) shards.push({ group, path });
  const total = bytesOfAll(groups);
  const fetched: Uint8Array[] = [];
  const coming = Promise.all(shards.map(({ path }, index) =>
    getHost().fetch(beside(address, path), { ...options, onBytes: (received) => report.shard(index, received, total) })
      .catch((error: Error) => {
        if (error.name === 'AbortError') throw error;
        fail(`shard "${path}" of ${name}: ${error.message}`);
      })));
  if (meanwhile && total) meanwhile(json, fetched, total);
  fetched.push(...await coming);
  checkAborted(options.signal, name);
  return orForget(address, options, () => {
    let next = 0;
    for (const group of groups) {
      checkShards(name, group, fetched.slice(next, next + group.paths.length));
      next += group.paths.length;
    }
    return { file, json, shards: fetched };
  });
}

/** Does `work` on what came from an address; where it fails, what was kept of that is thrown away, so that the next call fetches it. */
export async function orForget<T>(address: ModelSource, options: LoadOptions, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const host = getHost();
    if (typeof address === 'string' && host.forget) await host.forget(address, options);
    throw error;
  }
}

function fromJson(name: string, model: unknown, weights: Bytes | Bytes[] | undefined): ModelFile {
  const { json, bytes } = fromParts(name, model, weights);
  return fromGraph(name, json, bytes);
}

export function fromParts(name: string, model: unknown, weights: Bytes | Bytes[] | undefined): { json: ModelJson; bytes: Uint8Array[] } {
  const json = checkModelJson(name, model);
  const parts = (tagOf(weights) === 'Array' ? weights : weights === undefined ? [] : [weights]) as Bytes[];
  const bytes = parts.map((part) =>
    asBytes(part) || fail(`weights must be an ArrayBuffer or a Uint8Array, or an array of them; this is ${describe(part)}.`));
  const groups = json.weightsManifest || [{ paths: [], weights: json.weightSpecs || [] }];
  const needed = bytesOfAll(groups);
  const there = lengthOf(bytes);
  if (needed !== undefined && needed !== there) fail(`the weights of ${name} need ${needed} bytes; there are ${there}.`);
  return { json: { ...json, weightsManifest: groups }, bytes };
}

function fromTflite(name: string, bytes: Uint8Array): ModelFile {
  if (!bytes.length) fail(`${name} is empty.`);
  if (bytes.length >= 8 && utf8Decode(bytes.subarray(4, 8)) === 'TFL3') return { name, format: 'tflite', pieces: [bytes] };
  if (looksLike(bytes, '<')) fail(`${name} is a web page (HTML), not a model: check the address.`);
  fail(`${name} is neither a .tflite file (bytes 4 to 7 are not "TFL3") nor a tfjs model.json.`);
}

export function parseModelJson(name: string, text: Uint8Array | string): ModelJson {
  let json: unknown;
  try {
    json = JSON.parse(typeof text === 'string' ? text : utf8Decode(text));
  } catch (error) {
    fail(`${name} begins like a model.json and is not JSON: ${(error as Error).message}.`);
  }
  return checkModelJson(name, json);
}

/** What must be known before weights are fetched; encodeNodeList looks at the rest. */
function checkModelJson(name: string, model: unknown): ModelJson {
  const json = (model || {}) as ModelJson;
  const { modelTopology, format, weightsManifest } = json;
  const { model_config, class_name } = modelTopology || ({} as ModelJson['modelTopology']);
  if (format === 'layers-model' || model_config || class_name) {
    fail(`${name} is a tfjs layers model; only graph models can run: convert it with tensorflowjs_converter --output_format=tfjs_graph_model.`);
  }
  if (weightsManifest !== undefined && (tagOf(weightsManifest) !== 'Array' || !weightsManifest.every(isGroup))) {
    fail(`${name} has a "weightsManifest" that is not a list of {paths, weights: [{name, shape, dtype}]}.`);
  }
  return json;
}

function isGroup(group: WeightGroup): boolean {
  return !!group && tagOf(group.paths) === 'Array' && tagOf(group.weights) === 'Array' &&
    group.paths.every((path) => typeof path === 'string') &&
    group.weights.every((weight) => !!weight && typeof weight.name === 'string' && tagOf(weight.shape) === 'Array');
}

/** Bytes of weights as stored, or undefined where the manifest alone does not tell (texts). */
function bytesOf(weights: WeightSpec[]): number | undefined {
  let sum = 0;
  for (const { shape, dtype, quantization } of weights) {
    const width = widthOf((quantization && quantization.dtype) || dtype);
    if (width === undefined) return undefined;
    sum += elements(shape) * width;
  }
  return sum;
}

function widthOf(dtype: string): number | undefined {
  return { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 }[dtype];
}

function bytesOfAll(groups: WeightGroup[]): number | undefined {
  return bytesOf(groups.reduce((all: WeightSpec[], group) => all.concat(group.weights), []));
}

/** A group's shards must hold its weights exactly. All shards but the last are of one size, which shows the short one. */
function checkShards(name: string, group: WeightGroup, shards: Uint8Array[]): void {
  const needed = bytesOf(group.weights);
  const there = lengthOf(shards);
  if (needed === undefined || needed === there) return;
  const size = shards.slice(0, -1).reduce((most, shard) => Math.max(most, shard.length), 0);
  let wrong = 0;
  while (wrong < shards.length - 1 && shards[wrong].length === size) wrong++;
  if (!shards.length) fail(`${name} names no shard for ${group.weights.length} weights.`);
  const others = there - shards[wrong].length;
  fail(`shard "${group.paths[wrong]}" of ${name} has ${shards[wrong].length} bytes; its weights need ${Math.max(0, needed - others)}.`);
}

/** The file's name goes in front of what is found wrong with its JSON. */
function fromGraph(name: string, json: ModelJson, weights: Uint8Array[], pieces?: () => Uint8Array[]): ModelFile {
  try {
    return { name, format: 'tfjs', pieces: (pieces || encodeNodeList(json, weights))() };
  } catch (error) {
    const { name: kind, message } = error as Error;
    return fail(kind === 'Error' ? `${name}: ${message}` : `${name} is not a well-formed graph model (${message}).`);
  }
}

/** The address of a file beside another, with the same query (signed addresses need it), as tfjs does. */
function beside(address: string, file: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(file)) return file;
  const at = /^https?:/i.test(address) ? address.search(/[?#]/) : -1;
  const path = at < 0 ? address : address.slice(0, at);
  const query = at < 0 ? '' : address.slice(at).replace(/#.*/, '');
  return path.slice(0, path.lastIndexOf('/') + 1) + file + query;
}

/** true where the first character that is not white space (or a byte-order mark) is this one. */
function looksLike(bytes: Uint8Array, character: string): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[at] === 32 || (bytes[at] >= 9 && bytes[at] <= 13)) at++;
  return bytes[at] === character.charCodeAt(0);
}

/** Bytes of several files as one fraction that never falls and stays below 1 until the model is ready. */
function progressOf(address: string, { onProgress }: LoadOptions) {
  const received: number[] = [];
  const isJson = /\.json([?#]|$)/i.test(address);  // small beside its shards, so only they count
  let last = 0;
  const tell = (fraction: number) => {
    const capped = Math.min(fraction, 0.99);
    if (!onProgress || !(capped > last)) return;
    last = capped;
    onProgress(last);
  };
  return {
    file: (bytes: number, total: number | undefined) => tell(total && !isJson ? bytes / total : 0),
    shard: (index: number, bytes: number, total: number | undefined) => {
      received[index] = bytes;
      tell(total ? received.reduce((sum, count) => sum + (count || 0), 0) / total : 0);
    },
  };
}
