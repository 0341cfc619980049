// A loaded model: inputs in, outputs out, on one engine instance. types.ts says what its methods promise.
import { arrayOf, checkKeys, describe, elements, fail, kDTypes, shapeText, tagOf, viewOf } from './checks';
import { Engine, getEngine, getFullEngine } from './engine';
import { abortable, checkAborted } from './host';
import { getParts } from './parts';
import { writeImage } from './picture';
import { ModelFile, orForget, readModel } from './source';
import type { DType, EngineOptions, LoadOptions, MemoryUse, Model, ModelInputs, ModelSource, NodeTime, Tensor, TensorData, TensorInfo } from './types';

const kMostDimensions = 8;  // native/core/tensor.h

/** What parts take in as well: all but the last two, or from onProgress, or from fetchFunc on. */
export const kLoadOptions = 'variant numThreads wasmPath onProgress signal fetchFunc fs userDataPath cache worker backend'.split(' ');

/** Where a Model lives, for the detector. */
export interface Residence {
  engine: Engine;
  name: string;
  format: 'tflite' | 'tfjs';
  /** The engine's handle; throws when the model was disposed. */
  handle(): number;
}

const residences = new WeakMap<Model, Residence>();

/** Undefined for what is not a Model. */
export function residenceOf(value: unknown): Residence | undefined {
  return typeof value === 'object' && value !== null ? residences.get(value as Model) : undefined;
}

export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  checkKeys('loadModel\'s options', options, kLoadOptions);
  const what = typeof source === 'string' ? `"${source}"` : 'the model';
  checkAborted(options.signal, what);
  if (options.backend && options.backend !== 'wasm') return getParts().tfjs().loadOnBackend(source, options);
  if (options.worker) return getParts().worker().loadInWorker(source, options);
  if (typeof options.cache === 'object') checkKeys('cache', options.cache, ['bytes', 'refresh', 'ignoreQuery']);
  // Side by side: the binary and the model come from different places.
  const [engine, file] = await abortable(Promise.all([getEngine(options), readModel(source, options)]), options.signal, what);
  const model = await orForget(source, options, () => createOnEither(engine, file, options));
  if (options.onProgress) options.onProgress(1);
  return model;
}

/** A model on `engine` or, where that lacks operators of it, on the one with every operator. */
export async function createOnEither(engine: Engine, file: ModelFile, options: EngineOptions): Promise<Model> {
  try {
    return createModel(engine, file);
  } catch (error) {
    const full = await getFullEngine(engine, error, options);
    const model = createModel(full, file);
    (model.backend.reasons as string[]).push(`with every operator: ${(error as Error).message}`);
    return model;
  }
}

function createModel(engine: Engine, { name, format, pieces }: ModelFile): Model {
  const place = `${name}: `;
  let handle = engine.modelOf(place, name, pieces);
  const { inputs, outputs } = engine.json('wxnn_model_info', handle) as { inputs: TensorInfo[]; outputs: TensorInfo[] };
  // Shapes in force. An open batch counts as 1 until resize says otherwise, as in the engine.
  let shapes = inputs.map(({ shape }) => shape.map((dimension, axis) => (axis === 0 && dimension < 0 ? 1 : dimension)));
  let pictures: boolean[] = [];  // inputs that setImage has written
  let profiling = false;

  const live = () => handle || fail(`${name} was disposed.`);
  const names = () => inputs.map((input) => `"${input.name}"`).join(', ') || 'none';
  const demand = (call: string, ...args: number[]) => engine.demand(place, call, live(), ...args);

  function indexOf(input: string): number {
    const index = inputs.findIndex((info) => info.name === input);
    return index < 0 ? fail(`${name} has no input "${input}"; it has ${names()}.`) : index;
  }

  /** What was given for each input, in the model's order. */
  function inOrder(given: ModelInputs): unknown[] {
    let list: unknown[] = inputs.map(() => undefined);
    const tag = tagOf(given);
    if (tag === 'Object') {
      for (const key of Object.keys(given)) list[indexOf(key)] = (given as { [name: string]: unknown })[key];
    } else {
      list = tag === 'Array' ? (given as unknown[]) : [given];
      if (list.length !== inputs.length) fail(`${name} has ${inputs.length} inputs (${names()}); ${list.length} were given.`);
    }
    inputs.forEach((input, index) => {
      if (list[index] === undefined && !pictures[index]) fail(`input "${input.name}" of ${name} is missing.`);
    });
    return list;
  }

  /** "input "x" (float32 [1,4])" */
  const called = (index: number) => `input "${inputs[index].name}" (${inputs[index].dtype} ${shapeText(shapes[index])})`;

  function write(index: number, value: unknown, allowNaN: boolean | undefined): void {
    const { dtype } = inputs[index];
    const { tag, width } = arrayOf(dtype);
    if (shapes[index].some((dimension) => dimension < 0)) fail(`${called(index)} of ${name} has open dimensions: call resize first.`);
    if (tagOf(value) !== tag) fail(`${called(index)} needs a ${tag}; this is ${describe(value)}.`);
    const data = value as TensorData;
    const count = elements(shapes[index]);
    if (data.length !== count * width) fail(`${called(index)} needs ${count * width} values; this has ${data.length}.`);
    const pointer = demand('wxnn_model_input', index);
    viewOf(dtype, engine.buffer(), pointer, count).set(data);
    if (allowNaN || tag !== 'Float32Array') return;
    const nan = engine.call('wxnn_first_nan', pointer, count);  // JavaScript takes ten times as long
    if (nan < 0) return;
    pictures[index] = false;
    fail(`${called(index)} holds NaN, first at index ${nan}.`);
  }

  function read(index: number, asView: boolean | undefined): Tensor {
    const dims = engine.call('wxnn_model_output_shape', handle, index) >>> 0;
    const pointer = engine.call('wxnn_model_output', handle, index) >>> 0;
    const buffer = engine.buffer();
    const [rank, ...rest] = new Int32Array(buffer, dims, kMostDimensions + 2);
    const shape = rest.slice(0, rank);
    const dtype = kDTypes[rest[rank]];
    (outputs[index] as { dtype: DType }).dtype = dtype;  // of what depends on data, known only now
    const data = viewOf(dtype, buffer, pointer, elements(shape));
    return { data: asView ? data : data.slice(), shape, dtype };
  }

  function checkShape(input: string, shape: number[]): void {
    const isArray = tagOf(shape) === 'Array';
    if (!isArray || !shape.every((n) => n >= 0 && n < 2 ** 31 && Math.floor(n) === n)) {
      fail(`the shape of input "${input}" must be an array of whole numbers; this is ${isArray ? `[${shape}]` : describe(shape)}.`);
    }
  }

  /** All at once: inputs that go together may change together. */
  function resize(given: { [input: string]: number[] }): void {
    const list: (number[] | undefined)[] = inputs.map(() => undefined);
    for (const input of Object.keys(given)) {
      checkShape(input, given[input]);
      list[indexOf(input)] = given[input].slice();
    }
    engine.resizeModel(place, live(), list);
    shapes = shapes.map((shape, index) => list[index] || shape);
    pictures = [];
  }

  const model: Model = {
    inputs,
    outputs,
    backend: { variant: engine.variant, reasons: engine.reasons.slice() },
    run(given = {}, options = {}) {
      checkKeys('run\'s options', options, ['views', 'allowNaN']);
      live();
      inOrder(given).forEach((data, index) => {
        if (data !== undefined) write(index, data, options.allowNaN);
      });
      demand('wxnn_model_run');
      const results: { [name: string]: Tensor } = {};
      outputs.forEach((output, index) => {
        results[output.name] = read(index, options.views);
      });
      return results;
    },
    runAsync: (given, options) => new Promise((resolve) => resolve(model.run(given, options))),
    resize(given) {
      live();
      resize(given);
    },
    resetState() {
      engine.call('wxnn_model_reset_state', live());
    },
    setImage(input, rgba, width, height, options = {}) {
      live();
      const index = indexOf(input);
      const [batch, rows, columns, channels] = shapes[index];
      if (inputs[index].dtype !== 'float32' || shapes[index].length !== 4 || batch !== 1 || channels !== 3 || rows < 1 || columns < 1) {
        fail(`${called(index)} of ${name} takes no picture: that needs float32 [1,height,width,3].`);
      }
      const pointer = demand('wxnn_model_input', index);
      writeImage(engine, { rgba, width, height }, options, { pointer, width: columns, height: rows });
      pictures[index] = true;
    },
    profile() {
      if (!profiling) {
        engine.call('wxnn_model_set_profiling', live(), 1);
        profiling = true;
        demand('wxnn_model_run');
      }
      return engine.json('wxnn_model_profile', live()) as NodeTime[];
    },
    memory() {
      const use = engine.json('wxnn_model_memory', live()) as MemoryUse;
      use.heap = engine.heap().length;
      return use;
    },
    dispose() {
      if (handle && !engine.stopped) engine.call('wxnn_model_free', handle);
      handle = 0;
    },
  };
  residences.set(model, { engine, name, format, handle: live });
  return model;
}
