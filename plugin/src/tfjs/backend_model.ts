// loadModel(…, {backend}): a Model on one of tfjs's backends, and on the next where that one fails.
import { describe, fail } from '../checks';
import { getEngine } from '../engine';
import { writeImage } from '../picture';
import type { LoadOptions, Model, ModelSource, TensorData } from '../types';
import { choose } from './choose';
import type { Chosen } from './choose';

const kBackends = ['webgl', 'cpu'];

export async function loadBackendModel(source: ModelSource, { backend, worker, ...options }: LoadOptions): Promise<Model> {
  if (kBackends.indexOf(backend as string) < 0) fail(`backend must be "wasm", "webgl" or "cpu"; this is ${describe(backend)}.`);
  if (worker) fail('a model in a worker has no other backend than the engine.');
  const chosen = await choose(source, { ...options, prefer: backend });
  if (options.onProgress) options.onProgress(1);
  return new BackendModel(chosen, options);
}

class BackendModel implements Model {
  readonly inputs: Model['inputs'];
  readonly outputs: Model['outputs'];
  private shapes: { [input: string]: number[] } = {};
  private pictures: { [input: string]: Promise<Float32Array> } = {};

  constructor(private readonly chosen: Chosen, private readonly options: LoadOptions) {
    this.inputs = chosen.inputs;
    this.outputs = chosen.outputs;
  }

  /** Of now: it changes when a backend fails. */
  get backend(): Model['backend'] {
    const { backend, variant, reasons } = this.chosen;
    return { name: backend, variant: variant || 'plain', reasons: reasons.slice() };
  }

  async runAsync(given: Parameters<Model['runAsync']>[0] = {}): ReturnType<Model['runAsync']> {
    const names = Object.keys(this.pictures);
    if (!names.length) return this.chosen.runAsync(given);
    const inputs: { [name: string]: TensorData } = {};
    for (const name of names) inputs[name] = await this.pictures[name];
    return this.chosen.runAsync({ ...inputs, ...(given as { [name: string]: TensorData }) });
  }

  resize(shapes: { [input: string]: number[] }): void {
    for (const name of Object.keys(shapes)) this.shapeOf(name);
    Object.assign(this.shapes, shapes);
    this.chosen.resize(shapes);
    this.pictures = {};
  }

  private shapeOf(input: string): readonly number[] {
    const info = this.inputs.filter(({ name }) => name === input)[0];
    if (!info) fail(`the model has no input "${input}"; it has ${this.inputs.map(({ name }) => `"${name}"`).join(', ')}.`);
    return this.shapes[input] || info.shape;
  }

  setImage(input: string, rgba: Parameters<Model['setImage']>[1], width: number, height: number, options: Parameters<Model['setImage']>[4] = {}): void {
    const shape = this.shapeOf(input);
    const [, rows, columns, channels] = shape;
    if (shape.length !== 4 || channels !== 3 || rows < 1 || columns < 1) fail(`input "${input}" takes no picture: that needs float32 [1,height,width,3].`);
    const pixels = new Uint8Array(rgba as ArrayBuffer).slice();
    this.pictures[input] = getEngine(this.options, '-tfjs').then((engine) => {
      const pointer = engine.allocate(rows * columns * 12, 'a picture');
      try {
        writeImage(engine, { rgba: pixels, width, height }, options, { pointer, width: columns, height: rows });
        return new Float32Array(engine.buffer(), pointer, rows * columns * 3).slice();
      } finally {
        engine.free(pointer);
      }
    });
    this.pictures[input].catch(() => undefined);  // the next run says it
  }

  resetState(): void {
    // What keeps a state is not run by tfjs's backends.
  }

  run(): never {
    return fail('a model on tfjs\'s backends runs by runAsync.');
  }

  profile(): never {
    return fail('a model on tfjs\'s backends has no profile: tf.profile has.');
  }

  memory(): never {
    return fail('a model on tfjs\'s backends does not tell its memory: tf.memory does.');
  }

  dispose(): void {
    this.chosen.dispose();
  }
}
