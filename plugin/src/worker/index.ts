// loadModel(…, {worker}): the engine in a mini-program's worker, started again when it was killed, and the main thread where no
// worker can be had. The part worker.js.
import { arrayOf, checkKeys, describe, fail, joinBytes, tagOf } from '../checks';
import { getEngine } from '../engine';
import { checkAborted, getHost } from '../host';
import { createOnEither } from '../model';
import { readModel } from '../source';
import type { Build, LoadOptions, Model, ModelInputs, ModelSource, TensorData, WorkerOptions } from '../types';
import { Answer, Loaded, Request, WireArray, WireOutputs, outputsFromWire, toWire } from './messages';

/** What wx.createWorker gives. */
interface PlatformWorker {
  postMessage(message: object): void;
  onMessage(listener: (message: Answer) => void): void;
  terminate(): void;
  onProcessKilled?(listener: () => void): void;
}

const kPatience = 15000;  // ms: a plugin may not be told that its worker was killed
const kStarts = 2;        // failures in a row, and the main thread takes over

/** One worker: a mini-program may have no more. */
class Connection {
  dead = false;
  private next = 0;
  private readonly waiting: { [id: number]: (answer: Answer) => void } = {};

  constructor(private readonly platform: PlatformWorker, readonly settings: string) {
    platform.onMessage((answer) => this.settle(answer.id, answer));
    if (platform.onProcessKilled) platform.onProcessKilled(() => this.end('the system killed the worker'));
  }

  /** Rejects with `lost` set where there was no answer. */
  ask(request: Request): Promise<Answer['result']> {
    return new Promise((resolve, reject) => {
      const id = ++this.next;
      if (this.dead) return reject(lostError('the worker is gone'));
      const patience = setTimeout(() => this.end(`the worker gave no answer within ${kPatience / 1000} s`), kPatience);
      this.waiting[id] = ({ result, error, stopped }) => {
        clearTimeout(patience);
        if (error === undefined) resolve(result);
        else reject(stopped || this.dead ? lostError(error) : new Error(error));
      };
      this.platform.postMessage({ ...request, id });
    });
  }

  end(why: string): void {
    if (this.dead) return;
    this.dead = true;
    try {
      this.platform.terminate();
    } catch {
      // it is gone
    }
    for (const id of Object.keys(this.waiting)) this.settle(Number(id), { id: Number(id), error: why });
  }

  private settle(id: number, answer: Answer): void {
    const told = this.waiting[id];
    Reflect.deleteProperty(this.waiting, id);
    if (told) told(answer);
  }
}

function lostError(message: string): Error & { lost?: boolean } {
  const error: Error & { lost?: boolean } = new Error(message);
  error.lost = true;
  return error;
}

let connection: Connection | undefined;

function connect(options: WorkerOptions): Connection {
  const { path = 'workers/wxnn.js', experimental = true, create } = options;
  const settings = `${path} ${experimental}`;
  if (connection && !connection.dead && connection.settings === settings) return connection;
  const make = create || getHost().createWorker;
  if (!make) fail('this client has no createWorker');
  if (connection) connection.end('another worker was asked for');  // one at most
  // Only iOS knows the experimental worker, which compiles what its main thread interprets; others take no notice of the option.
  connection = new Connection(make(path, { useExperimentalWorker: experimental }) as PlatformWorker, settings);
  return connection;
}

export async function loadInWorker(source: ModelSource, options: LoadOptions): Promise<Model> {
  const { worker, ...rest } = options;
  const settings: WorkerOptions = typeof worker === 'object' ? worker : {};
  checkKeys('worker', settings, ['path', 'experimental', 'create']);
  checkAborted(options.signal, 'the model');
  const model = new RemoteModel(source, rest, settings);
  await model.start();
  if (options.onProgress) options.onProgress(1);
  return model;
}

class RemoteModel implements Model {
  inputs: Model['inputs'] = [];
  outputs: Model['outputs'] = [];
  readonly backend: { variant: Build; reasons: string[] } = { variant: 'plain', reasons: [] };
  private place: { connection: Connection; model: number } | Model | undefined;
  private failures = 0;
  private busy = false;
  private disposed = false;
  private shapes: { [input: string]: number[] } = {};  // what resize was told, for a model that is loaded again

  constructor(private readonly source: ModelSource, private readonly options: LoadOptions, private readonly settings: WorkerOptions) {}

  /** Loads the model in the worker, or here where that failed too often. Only a model's own failure rejects. */
  async start(): Promise<void> {
    const file = await readModel(this.source, this.options);
    while (this.failures < kStarts) {
      try {
        const to = connect(this.settings);
        const whole = joinBytes(file.pieces);
        const bytes = whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length) as ArrayBuffer;
        const { variant, wasmPath } = this.options;
        const loaded = (await to.ask({ call: 'load', name: file.name, format: file.format, bytes, variant, wasmPath })) as Loaded;
        this.adopt(loaded, 'in a worker');
        if (Object.keys(this.shapes).length) await to.ask({ call: 'resize', model: loaded.model, shapes: this.shapes });
        this.place = { connection: to, model: loaded.model };
        return;
      } catch (error) {
        const { message, lost } = error as Error & { lost?: boolean };
        this.failures = lost ? this.failures + 1 : kStarts;
        this.backend.reasons.push(`the worker cannot be used: ${message}`);
      }
    }
    // What ails the model itself shows here once more, in the main thread's own sentence.
    const engine = await getEngine(this.options);
    const local = await createOnEither(engine, file, this.options);
    if (Object.keys(this.shapes).length) local.resize(this.shapes);
    this.adopt({ model: 0, inputs: local.inputs.slice(), outputs: local.outputs.slice(), variant: engine.variant, reasons: local.backend.reasons as string[] }, 'on the main thread');
    this.place = local;
  }

  private adopt({ inputs, outputs, variant, reasons }: Loaded, where: string): void {
    this.inputs = inputs;
    this.outputs = outputs;
    this.backend.variant = variant;
    this.backend.reasons.push(...reasons, where);
  }

  /** The inputs are copied before it returns. While one run is under way others are dropped: rejected with name "BusyError". */
  runAsync(given: ModelInputs = {}, options: { allowNaN?: boolean } = {}): ReturnType<Model['runAsync']> {
    try {
      checkKeys('run\'s options', options, ['views', 'allowNaN']);
      const inputs = this.toWire(given);
      if (this.busy) fail('this frame was dropped, because the last one is still being computed.');
      this.busy = true;
      const free = () => {
        this.busy = false;
      };
      const result = this.onModel((model) => ({ call: 'run', model, inputs, options }), (model) => toWireOutputs(model, inputs, options));
      result.then(free, free);
      return result.then((outputs) => outputsFromWire(outputs as WireOutputs));
    } catch (error) {
      if (this.busy) (error as Error).name = 'BusyError';
      return Promise.reject(error);
    }
  }

  resize(shapes: { [input: string]: number[] }): void {
    Object.assign(this.shapes, shapes);
    this.later((model) => ({ call: 'resize', model, shapes }), (local) => local.resize(shapes));
  }

  setImage(input: string, rgba: Parameters<Model['setImage']>[1], width: number, height: number, options?: Parameters<Model['setImage']>[4]): void {
    const bytes = new Uint8Array(rgba as ArrayBuffer).slice().buffer;
    this.later((model) => ({ call: 'setImage', model, input, rgba: bytes, width, height, options }), (local) => local.setImage(input, bytes, width, height, options));
  }

  resetState(): void {
    this.later((model) => ({ call: 'resetState', model }), (local) => local.resetState());
  }

  run(): never {
    return fail('a model in a worker runs by runAsync.');
  }

  profile(): never {
    return fail('a model in a worker has no profile.');
  }

  memory(): never {
    return fail('a model in a worker does not tell its memory.');
  }

  dispose(): void {
    if (this.disposed) return;
    this.later((model) => ({ call: 'dispose', model }), (local) => local.dispose());
    this.disposed = true;
  }

  private failed: Error | undefined;  // of resize or setImage: the next run says it

  private later(request: (model: number) => Request, local: (model: Model) => void): void {
    const { place } = this;
    if (this.disposed || !place) fail('this model was disposed.');
    if (!('connection' in place)) local(place);
    else place.connection.ask(request(place.model)).catch((error: Error & { lost?: boolean }) => {
      if (!error.lost) this.failed = error;
    });
  }

  /** Asks the worker; when that is lost, loads the model again (in a new worker, at last here) and asks once more. */
  private async onModel(request: (model: number) => Request, local: (model: Model) => WireOutputs): Promise<Answer['result']> {
    for (;;) {
      if (this.disposed) fail('this model was disposed.');
      if (!this.place) await this.start();
      const place = this.place as { connection: Connection; model: number } | Model;
      if (!('connection' in place)) return local(place);
      try {
        const result = await place.connection.ask(request(place.model));
        this.failures = 0;
        // Answers come in the order of what was asked, so a resize or picture before this run has had its own.
        const { failed } = this;
        this.failed = undefined;
        if (failed) throw failed;
        return result;
      } catch (error) {
        const { message, lost } = error as Error & { lost?: boolean };
        if (!lost) throw error;
        this.failures++;
        this.backend.reasons.push(message);
        place.connection.end(message);
        this.place = undefined;
      }
    }
  }

  private toWire(given: ModelInputs): { [name: string]: WireArray } {
    const tag = tagOf(given);
    const list = tag === 'Array' ? (given as TensorData[]) : [given as TensorData];
    const wire: { [name: string]: WireArray } = {};
    this.inputs.forEach(({ name, dtype }, index) => {
      const data = tag === 'Object' ? (given as { [name: string]: TensorData })[name] : list[index];
      if (data === undefined) return;  // setImage may have written it
      const needed = arrayOf(dtype).tag;
      if (tagOf(data) !== needed) fail(`input "${name}" needs a ${needed}; this is ${describe(data)}.`);
      wire[name] = toWire(data, dtype);
    });
    return wire;
  }
}

function toWireOutputs(model: Model, inputs: { [name: string]: WireArray }, options: object): WireOutputs {
  const given: { [name: string]: TensorData } = {};
  for (const name of Object.keys(inputs)) given[name] = outputsFromWire({ [name]: { ...inputs[name], shape: [] } })[name].data;
  const outputs = model.run(given, { ...options, views: true });
  const wire: WireOutputs = {};
  for (const name of Object.keys(outputs)) wire[name] = { ...toWire(outputs[name].data, outputs[name].dtype), shape: outputs[name].shape };
  return wire;
}
