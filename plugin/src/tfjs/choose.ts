// chooseBackend: one model, on whichever of the engine, WebGL and plain JavaScript runs it best here, and on the next one when that
// fails. Inputs and outputs are plain arrays, so a frame outlives the backend that lost it.
import { arrayOf, checkKeys, describe, elements, fail, messageOf, tagOf } from '../checks';
import { getEngine } from '../engine';
import { getHost } from '../host';
import { kLoadOptions, load } from '../model';
import { readModel } from '../source';
import { readArtifacts } from './artifacts';
import type { Build, ChooseOptions, ChosenModel, ModelInputs, ModelSource, TensorData, TensorInfo } from '../types';
import { readCalls } from './call_list';
import { checkConfig, currentConfig, findCandidates, kWebglName, onBackend } from './config';
import type { Artifacts } from './endpoints';
import type { ConverterModule, HostTf } from './host_tf';
import { forgetChoice, recall, remember } from './memory';
import { engineRunner, graphRunner, listRunner, shapeFor } from './runners';
import type { Arrays, Outputs, Runner, Shapes } from './runners';
import { checkNumbers, isWebglLost } from './webgl';

const kFrame = 16;       // ms: what is faster than a frame of 60 a second needs no further search
const kCloseness = 0.01; // relative to the largest value: farther from the engine's numbers, WebGL's are wrong
const kSlowRuns = 3;     // in a row, each of three times the best, and the next frame goes elsewhere
const kOptions = ['prefer'].concat(kLoadOptions.slice(0, 9));

export async function choose(source: ModelSource, options: ChooseOptions): Promise<Chosen> {
  checkKeys('chooseBackend\'s options', options, kOptions);
  const config = currentConfig() || fail('chooseBackend needs configPlugin to be called first: it brings tf and its backends.');
  const chosen = new Chosen(source, options, checkConfig(config), config.converter as ConverterModule | undefined);
  await chosen.start(options.prefer || config.prefer || 'auto', config.backendName || kWebglName);
  return chosen;
}

export class Chosen implements ChosenModel {
  backend = '';
  variant: Build | null = null;
  readonly reasons: string[] = [];
  readonly measured: { backend: string; ms: number }[] = [];
  readonly notices: string[] = [];
  inputs: readonly TensorInfo[] = [];
  outputs: readonly TensorInfo[] = [];
  onNotice?: (notice: string) => void;
  private runner: Runner | undefined;
  private names: string[] = [];   // backends that may still run this model, the present one first
  private slow = 0;
  private runs = 0;               // on the present backend, since it was settled on
  private readonly best: { [backend: string]: number } = {};  // ms of the fastest run on each
  private shapes: Shapes = {};
  private disposed = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly source: ModelSource, private readonly options: ChooseOptions, private readonly tf: HostTf, private readonly converter: ConverterModule | undefined) {}

  async start(prefer: string, webglName: string): Promise<void> {
    const { names, reasons } = await findCandidates(this.tf, currentConfig()!);
    this.reasons.push(...reasons);
    // The engine runs a model by itself, whether or not tfjs has it as a backend.
    const usable = ['wasm'].concat(names.filter((name) => name !== 'wasm'));
    const preferred = prefer === 'webgl' ? webglName : prefer;
    const remembered = recall(this.key()) as string;
    const first = usable.indexOf(preferred) >= 0 ? preferred : usable.indexOf(remembered) >= 0 ? remembered : undefined;
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
          let outputs = await runner.run(inputs, {});  // compiles what must be
          const start = getHost().now();
          outputs = await runner.run(inputs, {});
          const ms = getHost().now() - start;
          const fault = expected && difference(expected, outputs);
          if (fault) fail(fault);
          expected = expected || outputs;
          good.push({ backend, ms });
          this.best[backend] = ms;
          this.measured.push({ backend, ms });
          if (ms < kFrame) {
            this.reasons.push(`${backend} runs the model in ${ms.toFixed(1)} ms, which leaves nothing to search for`);
            break;
          }
        } finally {
          runner.dispose();
        }
      } catch (error) {
        this.reasons.push(`not ${backend}: ${messageOf(error)}`);
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
        this.reasons.push(`not ${this.names[0]}: ${messageOf(error)}`);
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
    const { tf, converter } = this;
    try {
      const [engine, file] = await Promise.all([getEngine(options, '-tfjs'), readModel(this.source, options)]);
      return await listRunner(tf, backend, readCalls(engine, file));
    } catch (error) {
      // tfjs's executor knows graphs that are no list of calls, and needs no engine.
      if (!converter || (error as Error).name === 'AbortError') throw error;
      const artifacts = await readArtifacts(this.source, options).catch(() => undefined);
      if (!artifacts) throw error;
      this.reasons.push(`${backend} runs it by tfjs's executor: ${messageOf(error)}`);
      return graphRunner(tf, backend, converter, artifacts as Artifacts);
    }
  }

  /** Shapes of inputs from now on, on every backend. */
  resize(shapes: Shapes): void {
    this.shapes = { ...this.shapes, ...shapes };
  }

  runAsync(given: ModelInputs): Promise<Outputs> {
    let inputs: Arrays;
    const { shapes } = this;
    try {
      inputs = copyInputs(given, this.inputs, shapes);
    } catch (error) {
      return Promise.reject(error);
    }
    // One after the other: a backend in its repair must not be run.
    const result = this.last.then(() => this.runOn(inputs, shapes));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async runOn(inputs: Arrays, shapes: Shapes): Promise<Outputs> {
    for (;;) {
      if (this.disposed) fail('this model was disposed.');
      const runner = this.runner || (await this.settle());
      const start = getHost().now();
      let fault: string;
      try {
        const outputs = await runner.run(inputs, shapes);
        fault = this.backend !== 'wasm' && this.backend !== 'cpu' ? this.doubtOf(outputs) : '';
        if (!fault) {
          this.watchTime(getHost().now() - start);
          return outputs;
        }
      } catch (error) {
        // The engine refuses bad inputs in a sentence, and goes on; only a trap stops it.
        if (this.backend === 'wasm' && !/the engine stopped/.test((error as Error).message)) throw error;
        fault = messageOf(error);
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
    const { backend, best } = this;
    const other = this.names[1];
    // The first run compiles what must be.
    if (this.runs++ && !(ms >= best[backend])) best[backend] = ms;
    this.slow = ms > kFrame && ms > 3 * best[backend] && !(ms <= 3 * best[other]) ? this.slow + 1 : 0;
    if (this.slow < kSlowRuns || !other) return;
    this.say(`${backend} takes ${ms.toFixed(0)} ms by now, where it took ${best[backend].toFixed(0)}: ${other} goes on`);
    best[backend] = ms;
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
    this.slow = this.runs = 0;
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

/** Numbers between -1 and 1, the same on each backend. */
function sampleInputs(infos: readonly TensorInfo[]): Arrays {
  const inputs: Arrays = {};
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
function copyInputs(given: ModelInputs, infos: readonly TensorInfo[], shapes: Shapes): Arrays {
  const tag = tagOf(given);
  const list = tag === 'Array' ? (given as TensorData[]) : [given as TensorData];
  const copies: Arrays = {};
  infos.forEach((info, index) => {
    const { name, dtype } = info;
    const data = tag === 'Object' ? (given as { [name: string]: TensorData })[name] : list[index];
    const needed = arrayOf(dtype).tag;
    if (tagOf(data) !== needed) fail(`input "${name}" needs a ${needed}; this is ${describe(data)}.`);
    shapeFor(info, data.length / arrayOf(dtype).width, shapes[name]);
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
