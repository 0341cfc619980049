// loadGraphModel and accelerate: GraphModels whose graph the engine runs in one call.
import { asBytes, checkKeys, describe, fail } from '../checks';
import { kLoadOptions } from '../model';
import type { GraphModelOptions, ModelSource } from '../types';
import { readArtifacts } from './artifacts';
import { attach, checkConverter, loaders } from './graph_model';
import type { Converter, TfGraphModel } from './graph_model';
import { currentTf } from './register';

let lastConverter: Converter | undefined;
const accelerated = new WeakSet<object>();
const subclasses = new WeakMap<object, Converter['GraphModel']>();

/** The converter that loadGraphModel uses where it is given none. */
export function setConverter(converter: unknown): void {
  lastConverter = checkConverter(converter);
}

export function accelerateConverter(given: unknown): void {
  const tf = currentTf('accelerate');
  const converter = checkConverter(given);
  lastConverter = converter;
  const { prototype } = converter.GraphModel;
  if (accelerated.has(prototype)) return;
  Object.assign(prototype, loaders(tf, converter));
  accelerated.add(prototype);
}

function subclassOf(converter: Converter): Converter['GraphModel'] {
  const known = subclasses.get(converter);
  if (known) return known;
  const made = class EngineGraphModel extends (converter.GraphModel as new (...args: unknown[]) => TfGraphModel) {} as unknown as Converter['GraphModel'];
  Object.assign(made.prototype, loaders(currentTf('loadGraphModel'), converter));
  subclasses.set(converter, made);
  return made;
}

/** Bytes that the weights need must be there: tfjs's own message for too few of them names nothing. */
export async function loadTfGraphModel(source: ModelSource, options: GraphModelOptions = {}): Promise<object> {
  const { converter: given, useEngine, ...rest } = options;
  checkKeys('loadGraphModel\'s options', options, ['converter', 'useEngine'].concat(kLoadOptions.slice(3, 9)));
  const converter = given ? checkConverter(given) : lastConverter || fail('loadGraphModel needs tfjs-converter: pass {converter}, or call configPlugin or accelerate with it.');
  if (asBytes(source)) fail(`loadGraphModel needs an address, {model, weights} or a tf.io.IOHandler; this is ${describe(source)}. loadModel reads .tflite files.`);
  const Subclass = subclassOf(converter);
  const model = new Subclass({ load: () => readArtifacts(source, rest) }, { useEngine, onProgress: options.onProgress });
  await model.load();
  attach(currentTf('loadGraphModel'), model);
  return model;
}
