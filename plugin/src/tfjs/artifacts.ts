// A tfjs graph model as tf.io handlers hand it over.
import { asBytes, fail, joinBytes } from '../checks';
import { fetchModel, fromParts, parseModelJson } from '../source';
import type { ModelJson, WeightSpec } from '../source';
import type { IOHandler, LoadOptions, ModelParts, ModelSource } from '../types';

/** What a tfjs IOHandler's load() gives. */
export interface Artifacts extends ModelJson {
  weightData: ArrayBuffer;
}

/** A tfjs graph model's model.json and weights, their number of bytes checked. */
export async function readArtifacts(source: ModelSource, options: LoadOptions): Promise<Artifacts> {
  if (typeof source === 'string') {
    const name = `"${source}"`;
    const { json, shards } = await fetchModel(source, options);
    return artifactsOf(json || fail(`${name} is no tfjs model.json; loadModel reads .tflite files.`), shards);
  }
  if (typeof (source as IOHandler | undefined)?.load === 'function') {
    const artifacts = (await (source as IOHandler).load()) as Artifacts & { getWeightStream?: unknown };
    if (artifacts && !artifacts.getWeightStream) fromParts('the model', artifacts, artifacts.weightData);
    return artifacts;
  }
  const { model, weights } = (source || {}) as ModelParts;
  const file = asBytes(model);
  const { json, bytes } = fromParts('the model', file || typeof model === 'string' ? parseModelJson('the model', (file || model) as Uint8Array | string) : model, weights);
  return artifactsOf(json, bytes);
}

function artifactsOf(json: ModelJson, shards: Uint8Array[]): Artifacts {
  const { buffer, byteOffset, byteLength } = joinBytes(shards);
  const weightSpecs = (json.weightsManifest || []).reduce((all: WeightSpec[], group) => all.concat(group.weights), []);
  return { ...json, weightSpecs, weightData: (byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer };
}
