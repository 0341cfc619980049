// A tfjs graph model's files, in the form in which tfjs's converter loads them.
import { asBytes, fail } from '../checks';
import { getHost } from '../host';
import { utf8Decode } from '../text';
import type { Bytes, IOHandler, LoadOptions, ModelParts, ModelSource } from '../types';
import { joinBytes } from '../write_file';

type Endpoints = { [key: string]: { name?: string } } | null;

interface Signature {
  inputs?: Endpoints;
  outputs?: Endpoints;
}

/** tfjs's ModelArtifacts, as far as they are looked at here. */
export interface Artifacts {
  weightSpecs?: object[];
  weightData?: ArrayBufferLike;
  signature?: Signature;
  userDefinedMetadata?: { signature?: Signature };
}

interface Manifest {
  weightsManifest?: { paths: string[]; weights: object[] }[];
  weightSpecs?: object[];
}

/** What tf.loadGraphModel's handler gives. Rejects with a sentence where the source is a .tflite file or no model. */
export async function artifactsOf(source: ModelSource, options: LoadOptions): Promise<Artifacts> {
  if (typeof (source as IOHandler).load === 'function') return (source as IOHandler).load();
  let json: unknown;
  let weights: Uint8Array[] | undefined;
  if (typeof source === 'string') {
    const file = await getHost().fetch(source, options);
    json = parse(`"${source}"`, file);
    const paths = ((json as Manifest).weightsManifest || []).reduce((all: string[], group) => all.concat(group.paths), []);
    weights = await Promise.all(paths.map((path) => getHost().fetch(beside(source, path), options)));
  } else {
    const { model, weights: given } = (asBytes(source) ? { model: source } : source) as ModelParts;
    const file = asBytes(model);
    json = file || typeof model === 'string' ? parse('the model', (file || model) as Uint8Array | string) : model;
    const list = (Array.isArray(given) ? given : given === undefined ? [] : [given]) as Bytes[];
    weights = list.map((part) => asBytes(part) || fail('weights must be an ArrayBuffer or a Uint8Array, or an array of them.'));
  }
  const groups = (json as Manifest).weightsManifest || [];
  const weightSpecs = groups.reduce((all: object[], group) => all.concat(group.weights), []);
  const data = joinBytes(weights);
  const weightData = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
  return { ...(json as object), weightSpecs, weightData };
}

/**
 * Inputs or outputs as the engine calls them (the signature's keys), each with the name that tfjs's executor takes. `otherwise`:
 * tfjs's names, where the model has no signature.
 */
export function endpointsOf(artifacts: Artifacts, which: 'inputs' | 'outputs', otherwise: string[]): { name: string; tensor: string }[] {
  const signature = artifacts.signature || (artifacts.userDefinedMetadata || {}).signature || {};
  const entries = signature[which] || {};
  const keys = Object.keys(entries);
  return keys.length ? keys.map((name) => ({ name, tensor: entries[name].name || name })) : otherwise.map((tensor) => ({ name: tensor.replace(/:0$/, ''), tensor }));
}

function parse(name: string, text: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : utf8Decode(text));
  } catch {
    return fail(`${name} is no tfjs model.json, and only the engine reads .tflite files`);
  }
}

/** With the same query, which signed addresses need. */
function beside(address: string, file: string): string {
  const [, folder, query] = /^([^?#]*\/)?[^/?#]*(\?[^#]*)?/.exec(address) || [];
  return /^[a-z][a-z0-9+.-]*:/i.test(file) ? file : (folder || '') + file + (query || '');
}
