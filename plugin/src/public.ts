// The public surface, the same in a mini-program and in Node.
import { createDetector } from './faces';
import { getEngine } from './engine';
import { getHost } from './host';
import { load } from './model';
import { getParts } from './parts';
import type {
  BackendChoice, BackendOptions, ChooseOptions, ChosenModel, ConfigOptions, EngineOptions, FaceDetector, FaceDetectorOptions, FileSystem, GraphModelOptions,
  KernelReport, LoadOptions, Model, ModelSource, Probe, StorageHandler,
} from './types';

export * from './types';

declare const WXNN_VERSION: string;  // package.json's, put in by tools/bundle.js

/** Of wxnn, as in package.json. */
export const version: string = WXNN_VERSION;

/**
 * Loads a `.tflite` or tfjs graph model. Rejects with one sentence that names the file (or shard, or node) when it is
 * missing, broken, not a model, or needs an operator that the engine does not have; the next call works.
 */
export function loadModel(source: ModelSource, options?: LoadOptions): Promise<Model> {
  return load(source, options);
}

/** A detector of faces on RGBA pictures, with landmarks when it is given a mesh model. */
export function createFaceDetector(options?: FaceDetectorOptions): Promise<FaceDetector> {
  return createDetector(options);
}

/** Which build of the engine runs on this device, why, and how long it took to start. Never rejects for what the device lacks. */
export async function probe(options: EngineOptions = {}): Promise<Probe> {
  const start = getHost().now();
  const result: Probe = { variant: null, reasons: [], startMs: 0 };
  try {
    const { variant, reasons } = await getEngine(options);
    result.variant = variant;
    result.reasons = reasons.slice();
  } catch (error) {
    result.reasons.push((error as Error).message);
  }
  result.startMs = getHost().now() - start;
  return result;
}

/**
 * A tf.io handler that keeps a model in the user's files, as tfjs-wechat does: `tensorflowjs_models/<prefix>_info.json` and two
 * more. A plugin passes the host's FileSystemManager and wx.env.USER_DATA_PATH.
 */
export function fileStorageIO(prefix: string, fs?: FileSystem, userDataPath?: string): StorageHandler {
  return getParts().storage().fileStorageIO(prefix, fs, userDataPath);
}

/** A tf.io handler that keeps a model in wx's storage, as tfjs-wechat does. It holds 10 MB in all; fileStorageIO takes more. */
export function localStorageIO(path: string): StorageHandler {
  return getParts().storage().localStorageIO(path);
}

/**
 * Sets the host's tfjs up for mini-programs and chooses the backend of its operations: a drop-in for tfjs-wechat's configPlugin,
 * which may be called again (a lost or another canvas makes a new WebGL backend). Until the promise resolves, operations run on the
 * backend that tfjs had. Rejects with one sentence when no backend gives right numbers.
 */
export async function configPlugin(options: ConfigOptions, debug: boolean = false): Promise<BackendChoice> {
  return getParts().tfjs().configurePlugin(options, debug);
}

/**
 * Loads a model on the backend that runs it best on this device: measured with the model itself, compared with the engine's numbers,
 * and remembered for this device, client and version. A graph that tfjs cannot run stays with the engine. After configPlugin.
 */
export async function chooseBackend(source: ModelSource, options: ChooseOptions = {}): Promise<ChosenModel> {
  return getParts().tfjs().chooseFor(source, options);
}

/**
 * Makes TensorFlow.js run on the engine: afterwards `await tf.setBackend('wasm')` and every operation works. `tf` is the host's
 * tfjs-core, 3.1 to 4.22. Throws a sentence when it is another thing, or has a backend of this name already.
 */
export function registerBackend(tf: object, options?: BackendOptions): void {
  getParts().tfjs().registerTfBackend(tf, options);
}

/** Which of tfjs's kernels the engine computes, which the CPU backend, and what ran where so far. */
export function kernelReport(tf: object): KernelReport {
  return getParts().tfjs().reportKernels(tf);
}

/**
 * tf.loadGraphModel, with the graph run by the engine in one call: a `tf.GraphModel` in every respect, whose `engineReport` says who
 * ran it last and why. `source`: an address, {model, weights} or a tf.io.IOHandler.
 */
export function loadGraphModel(source: ModelSource, options?: GraphModelOptions): Promise<object> {
  return getParts().tfjs().loadTfGraphModel(source, options);
}

/** The same for packages that call tf.loadGraphModel themselves: `converter` is the tfjs-converter (or tfjs) that they use. */
export function accelerate(converter: object): void {
  getParts().tfjs().accelerateConverter(converter);
}
