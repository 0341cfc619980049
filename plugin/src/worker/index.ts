// loadModel(…, {worker}) and createFaceDetector({worker}): the engine in a mini-program's worker, started again when it was killed, and the main thread where no
// worker can be had. The part worker.js.
import { arrayOf, checkKeys, checkPicture, describe, fail, joinBytes, tagOf } from '../checks';
import { getEngine } from '../engine';
import { checkAborted, getHost } from '../host';
import { createDetector } from '../faces';
import { createOnEither, residenceOf } from '../model';
import { readModel } from '../source';
import type { ModelFile } from '../source';
import type {
  Build, Bytes, DetectOptions, Face, FaceDetector, FaceDetectorOptions, LoadOptions, Model, ModelInputs, ModelSource, TensorData, WorkerOptions,
} from '../types';
import { Answer, Loaded, Request, WireArray, WireFace, WireOutputs, outputsFromWire, toWire } from './messages';

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

function settingsOf({ worker, signal }: LoadOptions): WorkerOptions {
  const settings: WorkerOptions = typeof worker === 'object' ? worker : {};
  checkKeys('worker', settings, ['path', 'experimental', 'create']);
  checkAborted(signal, 'the model');
  return settings;
}

export async function loadInWorker(source: ModelSource, options: LoadOptions): Promise<Model> {
  const settings = settingsOf(options);
  const model = new RemoteModel(source, { ...options, worker: undefined }, settings);
  await model.start();
  if (options.onProgress) options.onProgress(1);
  return model;
}

export async function detectInWorker(options: FaceDetectorOptions): Promise<FaceDetector> {
  const settings = settingsOf(options);
  const detector = new RemoteDetector({ ...options, worker: undefined }, settings);
  await detector.start();
  return detector;
}

/** How something comes into being: the message that makes it in the worker, or this thread's own. */
interface Making<Local> {
  request: Request;
  here(): Promise<Local>;
}

/** Something in a worker, or here where no worker can be had. */
abstract class Remote<Local extends { dispose(): void }> {
  readonly backend: { variant: Build; reasons: string[] } = { variant: 'plain', reasons: [] };
  protected place: { connection: Connection; model: number } | Local | undefined;
  private failures = 0;
  private busy = false;
  protected disposed = false;
  private failed: Error | undefined;  // of resize or setImage: the next run says it

  constructor(private readonly settings: WorkerOptions) {}

  protected abstract making(): Promise<Making<Local>>;

  /** It is there: in the worker, or here. */
  protected abstract adopt(loaded: Loaded, to: Connection | undefined): unknown;

  /** Makes it in the worker, or here where that failed too often. Only a model's own failure rejects. */
  async start(): Promise<void> {
    const { request, here } = await this.making();
    while (this.failures < kStarts) {
      try {
        const to = connect(this.settings);
        const loaded = (await to.ask(request)) as Loaded;
        this.backend.variant = loaded.variant;
        this.backend.reasons.push(...loaded.reasons, 'in a worker');
        await this.adopt(loaded, to);
        this.place = { connection: to, model: loaded.model };
        return;
      } catch (error) {
        const { message, lost } = error as Error & { lost?: boolean };
        this.failures = lost ? this.failures + 1 : kStarts;
        this.backend.reasons.push(`the worker cannot be used: ${message}`);
      }
    }
    // What ails the model itself shows here once more, in the main thread's own sentence.
    this.place = await here();
    this.backend.reasons.push('on the main thread');
  }

  /** One at a time: others are dropped, rejected with name "BusyError". */
  protected whenFree<T>(work: () => Promise<T>): Promise<T> {
    try {
      if (this.busy) fail('this frame was dropped, because the last one is still being computed.');
    } catch (error) {
      (error as Error).name = 'BusyError';
      return Promise.reject(error);
    }
    this.busy = true;
    const free = () => {
      this.busy = false;
    };
    const result = work();
    result.then(free, free);
    return result;
  }

  protected later(request: (model: number) => Request, local: (local: Local) => void): void {
    const { place } = this;
    if (this.disposed || !place) fail('this model was disposed.');
    if (!('connection' in place)) local(place);
    else place.connection.ask(request(place.model)).catch((error: Error & { lost?: boolean }) => {
      if (!error.lost) this.failed = error;
    });
  }

  dispose(): void {
    if (this.disposed) return;
    this.later((model) => ({ call: 'dispose', model }), (local) => local.dispose());
    this.disposed = true;
  }

  /** Asks the worker; when that is lost, makes it again (in a new worker, at last here) and asks once more. */
  protected async onModel<T extends Answer['result']>(request: (model: number) => Request, local: (local: Local) => T): Promise<T> {
    for (;;) {
      if (this.disposed) fail('this model was disposed.');
      if (!this.place) await this.start();
      const place = this.place as { connection: Connection; model: number } | Local;
      if (!('connection' in place)) return local(place);
      try {
        const result = await place.connection.ask(request(place.model));
        this.failures = 0;
        // Answers come in the order of what was asked, so a resize or picture before this run has had its own.
        const { failed } = this;
        this.failed = undefined;
        if (failed) throw failed;
        return result as T;
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
}

const wholeOf = ({ name, format, pieces }: ModelFile) => {
  const { buffer, byteOffset, byteLength } = joinBytes(pieces);
  return { name, format, bytes: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer };
};

class RemoteDetector extends Remote<FaceDetector> implements FaceDetector {
  constructor(private readonly options: FaceDetectorOptions, settings: WorkerOptions) {
    super(settings);
  }

  protected async making(): Promise<Making<FaceDetector>> {
    const { options } = this;
    const { model = getHost().models.faces, meshModel, threshold, maxFaces, track, smooth, variant, wasmPath } = options;
    const sources = [model].concat(meshModel === undefined ? [] : meshModel);
    if (sources.some(residenceOf)) fail('a face detector in a worker loads its models itself: give it their addresses or bytes.');
    const files = (await Promise.all((sources as ModelSource[]).map((source) => readModel(source, options)))).map(wholeOf);
    return { request: { call: 'detector', files, options: { threshold, maxFaces, track, smooth }, variant, wasmPath }, here: () => createDetector(options) };
  }

  protected adopt(): void {
    // a detector has nothing to tell
  }

  detect(): never {
    return fail('a face detector in a worker runs by detectAsync.');
  }

  detectAsync(rgba: Bytes, width: number, height: number, options: DetectOptions = {}): Promise<Face[]> {
    const picture = (): Request & { call: 'detect' } => ({
      call: 'detect', model: 0, rgba: checkPicture(rgba, width, height).slice().buffer, width, height, options: { time: getHost().now(), ...options },
    });
    return this.whenFree(async () => {
      const request = picture();
      const faces = await this.onModel<WireFace[]>((model) => ({ ...request, model }), (local) => local.detect(request.rgba, width, height, request.options) as never);
      return faces.map(({ mesh, ...face }) => ({ ...face, ...(mesh && { mesh: tagOf(mesh) === 'ArrayBuffer' ? new Float32Array(mesh) : (mesh as never) }) }));
    });
  }
}

class RemoteModel extends Remote<Model> implements Model {
  inputs: Model['inputs'] = [];
  outputs: Model['outputs'] = [];
  private shapes: { [input: string]: number[] } = {};  // what resize was told, for a model that is loaded again

  constructor(private readonly source: ModelSource, private readonly options: LoadOptions, settings: WorkerOptions) {
    super(settings);
  }

  protected async making(): Promise<Making<Model>> {
    const { options } = this;
    const file = await readModel(this.source, options);
    const { variant, wasmPath } = options;
    return {
      request: { call: 'load', ...wholeOf(file), variant, wasmPath },
      here: async () => {
        const engine = await getEngine(options);
        const local = await createOnEither(engine, file, options);
        if (Object.keys(this.shapes).length) local.resize(this.shapes);
        this.backend.variant = engine.variant;
        this.backend.reasons.push(...local.backend.reasons);
        this.adopt(local);
        return local;
      },
    };
  }

  protected adopt({ inputs, outputs, model }: Pick<Model, 'inputs' | 'outputs'> & { model?: number }, to?: Connection): unknown {
    this.inputs = inputs.slice();
    this.outputs = outputs.slice();
    return to && Object.keys(this.shapes).length ? to.ask({ call: 'resize', model: model as number, shapes: this.shapes }) : undefined;
  }

  /** The inputs are copied before it returns. While one run is under way others are dropped: rejected with name "BusyError". */
  runAsync(given: ModelInputs = {}, options: { allowNaN?: boolean } = {}): ReturnType<Model['runAsync']> {
    let inputs: { [name: string]: WireArray };
    try {
      checkKeys('run\'s options', options, ['views', 'allowNaN']);
      inputs = this.toWire(given);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.whenFree(() => this.onModel<WireOutputs>((model) => ({ call: 'run', model, inputs, options }), (model) => toWireOutputs(model, inputs, options)))
      .then(outputsFromWire);
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
