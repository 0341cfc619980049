// The public types of what works with tfjs: types.ts hands them on.
import type { Build, CacheOptions, EngineOptions, FetchFunction, FileSystem, LoadOptions, ModelInputs, Signal, Tensor, TensorInfo } from './types';

/** How configPlugin sets tfjs up: tfjs-wechat's options, and more. The modules are the host's: a plugin does not bring tfjs. */
export interface ConfigOptions {
  /** `@tensorflow/tfjs-core`. */
  tf: object;
  /** `@tensorflow/tfjs-converter`: for chooseBackend on WebGL or plain JavaScript, and loadGraphModel. */
  converter?: object;
  /** In place of `wx.request`: the host's domain list then holds. */
  fetchFunc?: FetchFunction;
  /** `@tensorflow/tfjs-backend-webgl`, and a canvas for it that lives as long as tfjs is used; an offscreen one by default. */
  webgl?: object;
  canvas?: object;
  /** `@tensorflow/tfjs-backend-cpu`: serves kernels that others lack, and everything where there is nothing else. */
  cpu?: object;
  /** Our WebAssembly backend's options, or false to do without it. */
  wasm?: false | EngineOptions;
  fs?: FileSystem;
  userDataPath?: string;
  cache?: boolean | CacheOptions;
  /** The WebGL backend's name; `wechat-webgl` by default. */
  backendName?: string;
  /** Taken without measuring where it works. */
  prefer?: 'auto' | 'webgl' | 'wasm' | 'cpu';
  /** Of wx.getDeviceBenchmarkInfo, which plugins may not call: 1 high, 2 middle, 3 low. */
  modelLevel?: number;
}

/** A backend and why it was chosen. */
export interface BackendChoice {
  /** Its name in tfjs. */
  backend: string;
  /** The engine's build, where it is the backend. */
  variant: Build | null;
  /** In plain words: what was ruled out and why, and what decided. */
  reasons: string[];
  measured: { backend: string; ms: number }[];
}

export interface ChooseOptions extends LoadOptions {
  /** Taken without measuring where it works; configPlugin's by default. */
  prefer?: 'auto' | 'webgl' | 'wasm' | 'cpu';
}

/** A model on the backend that runs it best, and on the next where that one fails. */
export interface ChosenModel {
  /** The backend in use; changes when one fails. */
  readonly backend: string;
  readonly variant: Build | null;
  readonly reasons: readonly string[];
  readonly measured: readonly { backend: string; ms: number }[];
  /** What went wrong while running, a sentence each; onNotice is told as well. */
  readonly notices: readonly string[];
  onNotice?: (notice: string) => void;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the model once. The inputs are copied before it returns. Where the backend fails (context lost, wrong numbers, an
   * exception), the next one runs the same inputs: the promise gives the right answer, or rejects with one sentence.
   */
  runAsync(inputs: ModelInputs): Promise<{ [output: string]: Tensor }>;
  dispose(): void;
}

export interface BackendOptions extends EngineOptions {
  /** The backend's name in tfjs; `wasm` by default, so that code for tfjs-backend-wasm needs no change. */
  name?: string;
  /** tfjs prefers the backend with the highest; 2 by default, as tfjs-backend-wasm has. */
  priority?: number;
}

/** How often a kernel ran, by whom, and why not by the engine the last time that was so. */
export interface KernelCount {
  engine: number;
  cpu: number;
  reason?: string;
}

/** What ran where since the backend was made. */
export interface KernelReport {
  backend: string;
  /** Kernels that the engine computes, and those that are the CPU backend's alone. */
  engine: string[];
  cpu: string[];
  /** By kernel that has run. */
  ran: { [kernel: string]: KernelCount };
}

/** Who runs a tfjs graph model on the backend, and why. */
export interface EngineReport {
  /** The last run. */
  ranBy: 'engine' | 'tfjs' | 'nothing yet';
  /** Why tfjs's executor ran it; empty when the engine did. */
  reason: string;
  runs: { engine: number; tfjs: number };
  /** Pairs of inputs and outputs for which the engine holds the graph. */
  plans: number;
}

export interface GraphModelOptions {
  /** The host's @tensorflow/tfjs-converter, or all of tfjs; that of configPlugin or accelerate by default. */
  converter?: object;
  /** False leaves the graph to tfjs's executor, as does `model.useEngine = false` later. */
  useEngine?: boolean;
  onProgress?(fraction: number): void;
  signal?: Signal;
  fetchFunc?: FetchFunction;
  fs?: FileSystem;
  userDataPath?: string;
  cache?: boolean | CacheOptions;
}
