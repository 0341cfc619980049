// What choosing a backend uses of the host's tfjs modules. Types of our own: the host's copies decide which exist.
import type { TensorData } from '../types';

export interface HostTensor {
  readonly name?: string;
  readonly shape: number[];
  readonly dtype: string;
  dataSync(): TensorData;
  data(): Promise<TensorData>;
  dispose(): void;
}

export interface HostKernel {
  kernelName: string;
  backendName: string;
}

export interface HostTf {
  getBackend(): string;
  setBackend(name: string): Promise<boolean>;
  removeBackend(name: string): void;
  findBackendFactory(name: string): unknown;
  registerBackend(name: string, factory: () => object, priority?: number): boolean;
  getKernelsForBackend(name: string): HostKernel[];
  registerKernel(kernel: HostKernel): void;
  tensor(values: TensorData, shape: number[], dtype?: string): HostTensor;
  matMul(a: HostTensor, b: HostTensor): HostTensor;
  add(a: HostTensor | number, b: HostTensor | number): HostTensor;
  mul(a: HostTensor | number, b: HostTensor | number): HostTensor;
  divNoNan(a: HostTensor, b: HostTensor): HostTensor;
  logicalXor(a: HostTensor, b: HostTensor): HostTensor;
  where(condition: HostTensor, t: HostTensor, e: HostTensor): HostTensor;
  broadcastTo(x: HostTensor, shape: number[]): HostTensor;
  logSoftmax(logits: HostTensor, axis: number): HostTensor;
  relu6(x: HostTensor): HostTensor;
  tanh(x: HostTensor): HostTensor;
  erf(x: HostTensor): HostTensor;
  clone(x: HostTensor): HostTensor;
  tidy<T>(work: () => T): T;
  env(): {
    global: { [name: string]: unknown };
    set(flag: string, value: number | boolean): void;
    getBool(flag: string): boolean;
    setPlatform(name: string, platform: object): void;
  };
  engine(): {
    backendName: string;
    registry: { [name: string]: unknown };
    runKernel(name: string, inputs: { [port: string]: HostTensor | undefined } | HostTensor[], attrs: { [name: string]: unknown }): HostTensor | HostTensor[];
    initializeBackend(name: string): { success: boolean | Promise<boolean> };
  };
}

/** `@tensorflow/tfjs-backend-webgl`. */
export interface WebglModule {
  setWebGLContext(version: number, gl: GlContext): void;
  GPGPUContext: new (gl: GlContext) => object;
  MathBackendWebGL: new (context: object) => object;
}

/** Told by what it can do: WeChat's contexts are instances of nothing. */
export interface GlContext {
  isContextLost?(): boolean;
  getExtension(name: string): unknown;
}

export interface GlCanvas {
  getContext(type: string, attributes: object): GlContext | null;
}

/** `@tensorflow/tfjs-converter`. */
export interface ConverterModule {
  loadGraphModel(handler: object): Promise<HostGraphModel>;
}

export interface HostGraphModel {
  readonly inputs: { name: string; shape?: number[]; dtype: string }[];
  readonly outputs: { name: string; shape?: number[]; dtype: string }[];
  executeAsync(inputs: { [name: string]: HostTensor }, outputs: string[]): Promise<HostTensor | HostTensor[]>;
  dispose(): void;
}
