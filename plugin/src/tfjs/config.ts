// configPlugin: the backends that this device has, and the one that tfjs's operations run on.
import { checkKeys, describe, fail, messageOf, tagOf } from '../checks';
import { getEngine } from '../engine';
import { getHost } from '../host';
import { kLoadOptions } from '../model';
import type { BackendChoice, Build, ConfigOptions, EngineOptions } from '../types';
import type { GlCanvas, HostTf, WebglModule } from './host_tf';
import { recall, remember } from './memory';
import { setPlatform } from './platform';
import { registerTfBackend } from './register';
import { checkNumbers, registerWebgl } from './webgl';

const kOptions = 'tf converter webgl cpu wasm canvas backendName prefer modelLevel'.split(' ');
export const kWebglName = 'wechat-webgl';  // tfjs-wechat's
const kLowLevel = 15;               // of wx's benchmarkLevel: below, a device is slow (others draw the line at 10 or 20)
const kSide = 128;                  // of the matrices that are multiplied for the time

export interface Candidates {
  /** Names of backends in tfjs that gave right numbers, the likely best first. */
  names: string[];
  variant: Build | null;
  reasons: string[];
}

/** The last configuration, for what comes after it. */
let current: ConfigOptions | undefined;

export function currentConfig(): ConfigOptions | undefined {
  return current;
}

export function checkConfig(options: ConfigOptions): HostTf {
  checkKeys('configPlugin\'s options', options, kOptions.concat(kLoadOptions.slice(5, 9)));
  const { tf, prefer } = options || {};
  if (!tf || typeof (tf as HostTf).registerBackend !== 'function') fail(`configPlugin needs tf, the @tensorflow/tfjs-core module; this is ${describe(tf)}.`);
  if (prefer !== undefined && ['auto', 'webgl', 'wasm', 'cpu'].indexOf(prefer) < 0) {
    fail(`prefer must be "auto", "webgl", "wasm" or "cpu"; this is ${describe(prefer)}.`);
  }
  return tf as HostTf;
}

export async function configure(options: ConfigOptions, debug: boolean): Promise<BackendChoice> {
  const tf = checkConfig(options);
  current = options;
  setPlatform(tf, options);
  const { names, variant, reasons } = await findCandidates(tf, options);
  if (!names.length) fail(`no backend works here: ${reasons.join('; ')}.`);
  const measured: { backend: string; ms: number }[] = [];
  const backend = chooseAmong(tf, names, options, reasons, measured);
  await tf.setBackend(backend);
  const choice: BackendChoice = { backend, variant: backend === 'wasm' ? variant : null, reasons, measured };
  if (debug) console.log(`wxnn: ${backend}: ${reasons.join('; ')}`, measured);
  return choice;
}

/** Registers what there is, and keeps what gives right numbers. Nothing here changes the backend that tfjs uses meanwhile. */
export async function findCandidates(tf: HostTf, options: ConfigOptions): Promise<Candidates> {
  const found: Candidates = { names: [], variant: null, reasons: [] };
  const attempt = async (label: string, name: string, prepare: () => Promise<string[]> | string[]) => {
    try {
      found.reasons.push(...(await prepare()));
      const fault = await tryBackend(tf, name);
      if (fault) fail(fault);
      found.names.push(name);
    } catch (error) {
      found.reasons.push(`not ${label}: ${messageOf(error)}`);
    }
  };
  const { webgl, canvas, backendName = kWebglName, cpu } = options;
  if (webgl) await attempt('WebGL', backendName, () => registerWebgl(tf, webgl as WebglModule, canvas as GlCanvas | undefined, backendName));
  else found.reasons.push('not WebGL: the host gave no webgl module');
  const own = tagOf(options.wasm) === 'Object' ? (options.wasm as EngineOptions) : {};
  if (options.wasm !== false) {
    await attempt('WebAssembly', 'wasm', async () => {
      const { variant, reasons } = await getEngine(own, '-tfjs');
      if (!tf.findBackendFactory('wasm')) registerTfBackend(tf, { ...own, name: 'wasm' });
      found.variant = variant;
      return reasons;
    });
  }
  if (tf.findBackendFactory('cpu')) await attempt('plain JavaScript', 'cpu', () => []);
  else found.reasons.push(`not plain JavaScript: ${cpu ? 'the cpu module has registered no backend in this tf' : 'the host gave no cpu module'}`);
  return found;
}

/** Starts a backend and checks its numbers, without making it the one in use. Gives what is wrong. */
async function tryBackend(tf: HostTf, name: string): Promise<string | undefined> {
  if (!(name in tf.engine().registry)) {
    const started = await tf.engine().initializeBackend(name).success;
    if (!started) return 'tfjs could not start it';
  }
  return onBackend(tf, name, () => checkNumbers(tf));
}

/** Runs `work`, which must not wait for anything, on a backend that has started. */
export function onBackend<T>(tf: HostTf, name: string, work: () => T): T {
  const before = tf.engine().backendName;
  tf.setBackend(name).catch(() => undefined);  // at once where the backend has started
  try {
    return work();
  } finally {
    if (before) tf.setBackend(before).catch(() => undefined);
  }
}

function chooseAmong(tf: HostTf, names: string[], options: ConfigOptions, reasons: string[], measured: BackendChoice['measured']): string {
  const { prefer = 'auto', backendName = kWebglName } = options;
  const preferred = prefer === 'webgl' ? backendName : prefer;
  if (names.indexOf(preferred) >= 0) {
    reasons.push(`${preferred}, because the host prefers it`);
    return preferred;
  }
  if (prefer !== 'auto') reasons.push(`the host prefers ${preferred}, which does not work here`);
  if (names.length === 1) {
    reasons.push(`${names[0]} is the only one that works here`);
    return names[0];
  }
  const key = `backend ${names.join()}`;
  const remembered = recall(key) as string;
  if (names.indexOf(remembered) >= 0) {
    reasons.push(`${remembered} was the fastest here before`);
    return remembered;
  }
  const level = levelOf(options, reasons);
  for (const backend of names) {
    // Plain JavaScript never wins over a backend that works; measuring it would only cost time.
    if (backend !== 'cpu') measured.push({ backend, ms: onBackend(tf, backend, () => timeOf(tf)) });
  }
  const best = measured.reduce((least, one) => (one.ms < least.ms ? one : least));
  reasons.push(`${best.backend} was the fastest of ${measured.map(({ backend, ms }) => `${backend} ${ms.toFixed(1)} ms`).join(', ')} (a product of ${kSide} x ${kSide} matrices${level})`);
  remember(key, best.backend);
  return best.backend;
}

/** What the host or the client says of the device; the measurement decides, this goes into the reasons. */
function levelOf({ modelLevel }: ConfigOptions, reasons: string[]): string {
  if (modelLevel !== undefined) return `, on a device of level ${modelLevel}`;
  const { benchmarkLevel } = getHost().device();
  if (typeof benchmarkLevel === 'number' && benchmarkLevel >= 0 && benchmarkLevel <= kLowLevel) reasons.push(`the client calls this device slow (benchmarkLevel ${benchmarkLevel})`);
  return '';
}

/** Milliseconds, the least of three after a first run that compiles what must be. */
function timeOf(tf: HostTf): number {
  const values = new Float32Array(kSide * kSide).fill(0.5);
  const { now } = getHost();
  let least = Infinity;
  for (let run = 0; run < 4; run++) {
    const start = now();
    tf.tidy(() => tf.matMul(tf.tensor(values, [kSide, kSide]), tf.tensor(values, [kSide, kSide])).dataSync());
    if (run) least = Math.min(least, now() - start);
  }
  return least;
}
