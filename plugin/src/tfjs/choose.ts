// chooseBackend: one model, on whichever of the engine, WebGL and plain JavaScript runs it best here, and on the next one when that
// fails. Inputs and outputs are plain arrays, so a frame outlives the backend that lost it.
import { arrayOf, checkKeys, describe, elements, fail, tagOf } from '../checks';
import { getHost } from '../host';
import { load } from '../model';
import { readArtifacts } from './artifacts';
import type { ChooseOptions, ChosenModel, Model, ModelInputs, ModelSource, Tensor, TensorData, TensorInfo } from '../types';
import { WasmBackend, checkConfig, currentConfig, findCandidates, onBackend } from './config';
import { Artifacts, endpointsOf } from './endpoints';
import type { ConverterModule, HostGraphModel, HostTensor, HostTf } from './host_tf';
import { forgetChoice, recall, remember } from './memory';
import { checkNumbers, isWebglLost, unlessLost } from './webgl';

type Outputs = { [name: string]: Tensor };

/** A model on one backend. */
interface Runner {
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  run(inputs: { [name: string]: TensorData }): Promise<Outputs>;
  dispose(): void;
}

const kFrame = 16;       // ms: what is faster than a frame of 60 a second needs no further search
const kCloseness = 0.01; // relative to the largest value: farther from the engine's numbers, WebGL's are wrong
const kSlowRuns = 3;     // in a row, each of three times the measured time, and the next frame goes elsewhere
const kOptions = ['prefer', 'variant', 'numThreads', 'wasmPath', 'onProgress', 'signal', 'fetchFunc', 'fs', 'userDataPath', 'cache'];

export async function choose(source: ModelSource, options: ChooseOptions, wasm: WasmBackend | undefined): Promise<ChosenModel> {
  checkKeys('chooseBackend\'s options', options, kOptions);
  const config = currentConfig() || fail('chooseBackend needs configPlugin to be called first: it brings tf and its backends.');
  const chosen = new Chosen(source, options, checkConfig(config), config.converter as ConverterModule | undefined);
  await chosen.start(wasm, options.prefer || config.prefer || 'auto', config.backendName || 'wechat-webgl');
  return chosen;
}

class Chosen implements ChosenModel {
  backend = '';
  variant: 'simd' | 'plain' | null = null;
  readonly reasons: string[] = [];
  readonly measured: { backend: string; ms: number }[] = [];
  readonly notices: string[] = [];
  inputs: readonly TensorInfo[] = [];
  outputs: readonly TensorInfo[] = [];
  onNotice?: (notice: string) => void;
  private runner: Runner | undefined;
  private names: string[] = [];   // backends that may still run this model, the present one first
  private slow = 0;
  private disposed = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly source: ModelSource, private readonly options: ChooseOptions, private readonly tf: HostTf, private readonly converter: ConverterModule | undefined) {}

  async start(wasm: WasmBackend | undefined, prefer: string, webglName: string): Promise<void> {
    const { names, reasons } = await findCandidates(this.tf, currentConfig()!, wasm);
    this.reasons.push(...reasons);
    // The engine runs a model by itself, whether or not tfjs has it as a backend.
    const usable = ['wasm'].concat(names.filter((name) => name !== 'wasm'));
    const preferred = prefer === 'webgl' ? webglName : prefer;
    const remembered = recall(this.key());
    const first = usable.indexOf(preferred) >= 0 ? preferred : remembered && usable.indexOf(remembered) >= 0 ? remembered : undefined;
    if (first) {
      this.reasons.push(first === preferred ? `${first}, because the host prefers it` : `${first} was the fastest for this model here before`);
      this.names = [first].concat(usable.filter((name) => name !== first));
    } else {
      this.names = await this.measure(usable);
    }
    await this.settle();
  }

  /** The backends that can run the model, the fastest first. */
  private async measure(usable: string[]): Promise<string[]> {
    const good: { backend: string; ms: number }[] = [];
    let expected: Outputs | undefined;
    for (const backend of usable) {
      try {
        const runner = await this.make(backend);
        try {
          const inputs = sampleInputs(runner.inputs);
          let outputs = await runner.run(inputs);  // compiles what must be
          const start = getHost().now();
          outputs = await runner.run(inputs);
          const ms = getHost().now() - start;
          const fault = expected && difference(expected, outputs);
          if (fault) fail(fault);
          expected = expected || outputs;
          good.push({ backend, ms });
          this.measured.push({ backend, ms });
          if (ms < kFrame) {
            this.reasons.push(`${backend} runs the model in ${ms.toFixed(1)} ms, which leaves nothing to search for`);
            break;
          }
        } finally {
          runner.dispose();
        }
      } catch (error) {
        this.reasons.push(`not ${backend}: ${(error as Error).message.replace(/\.$/, '')}`);
      }
    }
    if (!good.length) fail(`no backend can run this model: ${this.reasons.join('; ')}.`);
    good.sort((a, b) => a.ms - b.ms);
    const [best] = good;
    this.reasons.push(`${best.backend} is the fastest of ${good.map(({ backend, ms }) => `${backend} ${ms.toFixed(1)} ms`).join(', ')}`);
    remember(this.key(), best.backend);
    const order = good.map(({ backend }) => backend);
    return order.concat(usable.filter((name) => order.indexOf(name) < 0 && !this.measured.length));
  }

  /** Loads the model on the first backend of the list that takes it. */
  private async settle(): Promise<Runner> {
    while (this.names.length) {
      try {
        this.runner = await this.make(this.names[0]);
        this.backend = this.names[0];
        this.inputs = this.runner.inputs;
        this.outputs = this.runner.outputs;
        return this.runner;
      } catch (error) {
        if ((error as Error).name === 'AbortError') throw error;
        this.reasons.push(`not ${this.names[0]}: ${(error as Error).message.replace(/\.$/, '')}`);
        this.names.shift();
      }
    }
    return fail(`no backend is left that can run this model: ${this.reasons.join('; ')}.`);
  }

  private async make(backend: string): Promise<Runner> {
    const options: ChooseOptions = { ...this.options };
    delete options.prefer;
    if (backend === 'wasm') {
      const model = await load(this.source, options);
      this.variant = model.backend.variant;
      return engineRunner(model);
    }
    if (!this.converter) fail('it needs configPlugin\'s converter');
    return graphRunner(this.tf, backend, this.converter, (await readArtifacts(this.source, options)) as Artifacts);
  }

  runAsync(given: ModelInputs): Promise<Outputs> {
    let inputs: { [name: string]: TensorData };
    try {
      inputs = copyInputs(given, this.inputs);
    } catch (error) {
      return Promise.reject(error);
    }
    // One after the other: a backend in its repair must not be run.
    const result = this.last.then(() => this.runOn(inputs));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async runOn(inputs: { [name: string]: TensorData }): Promise<Outputs> {
    for (;;) {
      if (this.disposed) fail('this model was disposed.');
      const runner = this.runner || (await this.settle());
      const start = getHost().now();
      let fault: string;
      try {
        const outputs = await runner.run(inputs);
        fault = this.backend !== 'wasm' && this.backend !== 'cpu' ? this.doubtOf(outputs) : '';
        if (!fault) {
          this.watchTime(getHost().now() - start);
          return outputs;
        }
      } catch (error) {
        // The engine refuses bad inputs in a sentence, and goes on; only a trap stops it.
        if (this.backend === 'wasm' && !/the engine stopped/.test((error as Error).message)) throw error;
        fault = (error as Error).message.replace(/\.$/, '');
      }
      this.leave(fault);
    }
  }

  /** Why outputs of WebGL are not to be believed: a lost context or wrong arithmetic shows in a check of known numbers. */
  private doubtOf(outputs: Outputs): string {
    if (isWebglLost(this.tf)) return 'the WebGL context was lost';
    let zeros = true;
    for (const name of Object.keys(outputs)) {
      for (const value of outputs[name].data) {
        if (value !== value) return 'it gave NaN';
        if (value !== 0) zeros = false;
      }
    }
    return (zeros && onBackend(this.tf, this.backend, () => checkNumbers(this.tf))) || '';
  }

  /** Drops the present backend; the engine gets one more chance, since only its instance has stopped. */
  private leave(fault: string): void {
    const again = this.backend === 'wasm' && this.notices.every((notice) => notice.indexOf('wasm') !== 0);
    this.say(`${this.backend} failed (${fault})${again ? ': started anew' : this.names.length > 1 ? `: ${this.names[1]} goes on` : ''}`);
    if (!again) {
      this.names.shift();
      forgetChoice(this.key());
    }
    this.drop();
  }

  /** A run cannot be interrupted; when it keeps being slow, the next one goes elsewhere. */
  private watchTime(ms: number): void {
    const usual = this.measured.filter(({ backend }) => backend === this.backend)[0];
    const other = this.measured.filter(({ backend }) => backend === this.names[1])[0];
    this.slow = usual && other && ms > 3 * usual.ms && ms > 3 * other.ms ? this.slow + 1 : 0;
    if (this.slow < kSlowRuns) return;
    this.slow = 0;
    this.say(`${this.backend} takes ${ms.toFixed(0)} ms by now: ${other.backend} goes on`);
    this.names.push(this.names.shift() as string);
    this.drop();
  }

  private say(notice: string): void {
    this.notices.push(notice);
    this.reasons.push(notice);
    if (this.onNotice) this.onNotice(notice);
  }

  private drop(): void {
    const { runner } = this;
    this.runner = undefined;
    try {
      if (runner) runner.dispose();
    } catch {
      // what was lost cannot be disposed
    }
  }

  dispose(): void {
    this.disposed = true;
    this.drop();
  }

  private key(): string {
    return `model ${typeof this.source === 'string' ? this.source : 'given'}`;
  }
}

function engineRunner(model: Model): Runner {
  return {
    inputs: model.inputs, outputs: model.outputs, run: async (inputs) => model.run(inputs, { allowNaN: true }), dispose: () => model.dispose(),
  };
}

async function graphRunner(tf: HostTf, backend: string, converter: ConverterModule, artifacts: Artifacts): Promise<Runner> {
  const before = tf.engine().backendName;
  await tf.setBackend(backend);
  let model: HostGraphModel;
  try {
    model = await converter.loadGraphModel({ load: async () => artifacts });
  } finally {
    if (before && before !== backend) await tf.setBackend(before);
  }
  const inputEnds = endpointsOf(artifacts, 'inputs', model.inputs.map(({ name }) => name));
  const outputEnds = endpointsOf(artifacts, 'outputs', model.outputs.map(({ name }) => name));
  const infoOf = ({ name, tensor }: { name: string; tensor: string }): TensorInfo => {
    const { shape = [], dtype = 'float32' } = model.inputs.concat(model.outputs).filter((info) => nodeOf(info.name) === nodeOf(tensor))[0] || {};
    return { name, shape, dtype: dtype as TensorInfo['dtype'] };
  };
  const waiting = <T>(work: Promise<T>) => (backend === 'cpu' ? work : unlessLost(tf, work));
  const inputs = inputEnds.map(infoOf);
  return {
    inputs,
    outputs: outputEnds.map(infoOf),
    async run(given) {
      const used = tf.engine().backendName;
      await tf.setBackend(backend);
      const tensors: { [name: string]: HostTensor } = {};
      let results: HostTensor[] = [];
      try {
        inputEnds.forEach(({ name, tensor }, index) => {
          tensors[tensor] = tf.tensor(given[name], shapeFor(inputs[index], given[name].length), inputs[index].dtype);
        });
        const result = await waiting(model.executeAsync(tensors, outputEnds.map(({ tensor }) => tensor)));
        results = tagOf(result) === 'Array' ? (result as HostTensor[]) : [result as HostTensor];
        const outputs: Outputs = {};
        for (let i = 0; i < results.length; i++) {
          outputs[outputEnds[i].name] = { data: (await waiting(results[i].data())).slice(), shape: results[i].shape, dtype: results[i].dtype as Tensor['dtype'] };
        }
        return outputs;
      } finally {
        Object.keys(tensors).forEach((name) => tensors[name].dispose());
        results.forEach((result) => result.dispose());
        if (used && used !== backend) await tf.setBackend(used);
      }
    },
    dispose: () => model.dispose(),
  };
}

function nodeOf(tensor: string): string {
  return tensor.split(':')[0];
}

function shapeFor({ shape }: TensorInfo, count: number): number[] {
  const known = Math.abs(elements(shape.map((dimension) => (dimension < 0 ? 1 : dimension))));
  let open = count / known;
  return shape.map((dimension) => {
    if (dimension >= 0) return dimension;
    const size = open;
    open = 1;
    return size;
  });
}

/** Numbers between -1 and 1, the same on each backend. */
function sampleInputs(infos: readonly TensorInfo[]): { [name: string]: TensorData } {
  const inputs: { [name: string]: TensorData } = {};
  let seed = 1;
  for (const { name, shape, dtype } of infos) {
    const { width } = arrayOf(dtype);
    const count = elements(shape.map((dimension) => (dimension < 0 ? 1 : dimension))) * width;
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      values[i] = seed / 0x40000000 - 1;
    }
    inputs[name] = dtype === 'int32' ? Int32Array.from(values, () => 0) : dtype === 'bool' ? Uint8Array.from(values, () => 0) : values;
  }
  return inputs;
}

/** Inputs by name, copied: the caller's buffer may be filled anew before a second backend reads it. */
function copyInputs(given: ModelInputs, infos: readonly TensorInfo[]): { [name: string]: TensorData } {
  const tag = tagOf(given);
  const list = tag === 'Array' ? (given as TensorData[]) : [given as TensorData];
  const copies: { [name: string]: TensorData } = {};
  infos.forEach(({ name, dtype }, index) => {
    const data = tag === 'Object' ? (given as { [name: string]: TensorData })[name] : list[index];
    const needed = arrayOf(dtype).tag;
    if (tagOf(data) !== needed) fail(`input "${name}" needs a ${needed}; this is ${describe(data)}.`);
    copies[name] = data.slice();
  });
  return copies;
}

/** What is wrong with outputs, against the engine's. */
function difference(expected: Outputs, outputs: Outputs): string | undefined {
  for (const name of Object.keys(expected)) {
    const right = expected[name].data, found = outputs[name] && outputs[name].data;
    if (!found || found.length !== right.length) return `output "${name}" has another shape than the engine's`;
    let largest = 0, worst = 0;
    for (let i = 0; i < right.length; i++) {
      largest = Math.max(largest, Math.abs(right[i]));
      const error = Math.abs(right[i] - found[i]);
      if (!(error <= worst)) worst = error;
    }
    if (!(worst <= kCloseness * largest)) return `output "${name}" is off by ${worst.toPrecision(2)} where the largest value is ${largest.toPrecision(2)}`;
  }
  return undefined;
}
