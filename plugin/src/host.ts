// Everything wxnn asks of the platform it runs on. host_wechat.ts and host_node.ts answer; the entry
// point (index.ts, node.ts) sets one of them before anything else runs.
import type { Engine } from './engine';
import type { CacheOptions, FetchFunction, FileSystem, Signal } from './types';

/** What a binary is given: `{env: {name: a function, or the memory of another binary}}`. */
export interface WasmImports {
  [module: string]: { [name: string]: ((...args: number[]) => unknown) | WasmExports['memory'] };
}

/** What the binary gives: functions of numbers, and its memory. */
export interface WasmExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly [name: string]: unknown;
}

export interface FetchOptions {
  fetchFunc?: FetchFunction;
  fs?: FileSystem;
  userDataPath?: string;
  signal?: Signal;
  cache?: boolean | CacheOptions;
  /** Told bytes so far, and in all where the platform knows. */
  onBytes?(received: number, total: number | undefined): void;
}

export interface Host {
  /**
   * Instantiates a binary of the package. `file` is a name such as `wxnn-plain.wasm.br`, `directory` the package path of
   * its directory, or undefined for the package's own. `imports` is asked once the file is there, where that can be told. Tries again where the platform is known to fail once in a while.
   */
  instantiate(file: string, imports: () => WasmImports | Promise<WasmImports>, directory?: string): Promise<WasmExports>;
  /** Starts the build with threads, for at most so many of them (threads.ts). Throws a sentence where there is no shared memory. */
  startThreads?(threads: number, variant: string, reasons: string[]): Promise<Engine>;
  /** Told of every engine that starts: may make its kernels fast before they are wanted (warm_up.ts). */
  warmUp?(engine: Engine): void;
  /** All bytes behind a URL or path. Throws a sentence that names it. */
  fetch(url: string, options: FetchOptions): Promise<Uint8Array>;
  /** Throws away what was kept of a URL, because it is no model after all. */
  forget?(url: string, options: FetchOptions): Promise<void>;
  /** The platform's own; a plugin's sees the plugin's files only. */
  fileSystem(): FileSystem;
  /** The directory of user files. Throws a sentence where only the caller knows it (plugins). */
  userDataPath(): string;
  /** Small values that outlive the program. `read` gives undefined for what was never written. */
  readonly storage: { read(key: string): unknown; write(key: string, value: string | number): void; remove(key: string): void };
  /** Starts the worker of a script of the code package; absent where there are none. */
  createWorker?: (path: string, options: { useExperimentalWorker: boolean }) => object;
  /** What tfjs calls the platform. */
  readonly platform: 'wechat' | 'node' | 'web';
  /** What the platform says of the device; empty where it says nothing. */
  device(): { model?: string; system?: string; version?: string; SDKVersion?: string; platform?: string; benchmarkLevel?: number };
  /** A canvas for such a context that is not on the screen. Throws a sentence where there is none. */
  canvas(type: 'webgl' | '2d'): { getContext(type: string, attributes: object): never };
  /** Milliseconds of a clock that never runs backwards. */
  now(): number;
  /** Where this form of the package keeps the models that createFaceDetector uses by default. */
  readonly models: { readonly faces: string };
}

let current: Host;

export function setHost(host: Host): void {
  current = host;
}

export function getHost(): Host {
  return current;
}

/** Rejects as soon as `signal` is aborted; otherwise settles as `promise` does. */
export function abortable<T>(promise: Promise<T>, signal: Signal | undefined, what: string): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(abortError(what));
    const settle = () => {
      if (signal.removeEventListener) signal.removeEventListener('abort', stop);
    };
    if (signal.addEventListener) signal.addEventListener('abort', stop);
    promise.then(
      (value) => {
        settle();
        if (signal.aborted) stop();
        else resolve(value);
      },
      (error) => {
        settle();
        reject(error);
      },
    );
    if (signal.aborted) stop();
  });
}

/** Throws when `signal` was aborted. */
export function checkAborted(signal: Signal | undefined, what: string): void {
  if (signal && signal.aborted) throw abortError(what);
}

function abortError(what: string): Error {
  const error = new Error(`loading ${what} was cancelled`);
  error.name = 'AbortError';
  return error;
}
