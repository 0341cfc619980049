// registerBackend: makes tfjs run on the engine.
import { checkKeys, describe, fail } from '../checks';
import { getEngine } from '../engine';
import type { Engine } from '../engine';
import type { BackendOptions, KernelReport } from '../types';
import { backendClass } from './backend';
import type { WxnnBackend } from './backend';
import { EagerCalls } from './calls';
import type { Tf } from './core';
import { registerKernels } from './kernels';
import type { Kernels } from './kernels';

interface Registration {
  name: string;
  kernels?: Kernels;
}

const registrations = new WeakMap<object, Registration>();
let current: Tf | undefined;

/** The tf of the last registerBackend. */
export function currentTf(what: string): Tf {
  return current || fail(`${what} needs the backend: call registerBackend(tf) or configPlugin first.`);
}

/** Refuses what is not tfjs-core, and what is older than 3.1. */
export function checkTf(value: unknown): Tf {
  const tf = value as Tf;
  if (!tf || typeof tf.registerBackend !== 'function' || typeof tf.registerKernel !== 'function' || typeof tf.engine !== 'function') {
    fail(`tf must be the @tensorflow/tfjs-core module; this is ${describe(value)}.`);
  }
  const version = tf.version_core || (tf.version && tf.version['tfjs-core']) || '';
  const [major, minor] = version.split('.').map(Number);
  const isOld = typeof (tf.KernelBackend.prototype as { incRef?: unknown }).incRef !== 'function' || major < 3 || (major === 3 && minor < 1);
  if (isOld) fail(`tfjs-core is ${version || 'of an unknown version'}; wxnn needs 3.1 or newer.`);
  return tf;
}

export function registerTfBackend(given: unknown, options: BackendOptions = {}): void {
  checkKeys('registerBackend\'s options', options, ['name', 'priority', 'variant', 'numThreads', 'wasmPath']);
  const tf = checkTf(given);
  const name = options.name === undefined ? 'wasm' : options.name;
  if (typeof name !== 'string' || !name) fail(`name must be the backend's name; this is ${describe(options.name)}.`);
  if (name in tf.engine().registryFactory) {
    fail(`tfjs has a backend "${name}" already: call tf.removeBackend("${name}") first, or choose another name.`);
  }
  const Backend = backendClass(tf);
  const registration: Registration = { name };
  registrations.set(tf.engine(), registration);
  let engine: Engine | undefined;
  let calls: EagerCalls | undefined;
  const make = (): WxnnBackend => {
    if (!calls || calls.engine !== engine) {
      calls = new EagerCalls(engine as Engine);
      registration.kernels = undefined;
    }
    // Kernels of the CPU backend may have been loaded since.
    const cpu = tf.getKernelsForBackend('cpu').length;
    const { kernels } = registration;
    if (!kernels || kernels.engine.length + kernels.cpu.length < cpu) registration.kernels = registerKernels(tf, name, calls);
    return new Backend(calls);
  };
  const factory = () => {
    if (engine && !engine.stopped) return make();
    return getEngine(options, '-tfjs').then((started) => {
      engine = started;
      return make();
    });
  };
  current = tf;
  tf.registerBackend(name, factory, options.priority === undefined ? 2 : options.priority);
}

/** The report of the backend that this tf's engine has; empty before it has been made. */
export function reportKernels(given: unknown): KernelReport {
  const { name, kernels } = registrations.get(checkTf(given).engine()) || fail('registerBackend has not been called for this tf.');
  const report: KernelReport = { backend: name, engine: [], cpu: [], ran: {} };
  if (!kernels) return report;
  report.engine = kernels.engine.slice();
  report.cpu = kernels.cpu.slice();
  for (const kernel of Object.keys(kernels.counts)) {
    const count = kernels.counts[kernel];
    if (count.engine || count.cpu) report.ran[kernel] = { ...count };
  }
  return report;
}
