// What wxnn uses of TensorFlow.js 3.1 to 4.22, which the host hands over. Types of our own: the host's copy decides which exist.

export type TfDType = 'float32' | 'int32' | 'bool' | 'complex64' | 'string';
export type TfValues = Float32Array | Int32Array | Uint8Array | Uint8Array[] | number[];

export interface TfTensorInfo {
  dataId: object;
  shape: number[];
  dtype: TfDType;
}

export type TfInputs = { [name: string]: TfTensorInfo | undefined } | TfTensorInfo[];
export type TfAttrs = { [name: string]: unknown };
export type KernelFunc = (call: { inputs: TfInputs; backend: unknown; attrs?: TfAttrs }) => TfTensorInfo | TfTensorInfo[];

export interface TfKernel {
  kernelName: string;
  backendName: string;
  kernelFunc: KernelFunc;
  setupFunc?(backend: unknown): void;
  disposeFunc?(backend: unknown): void;
}

/** tfjs's map from data ids to what a backend keeps; asked for another backend's data, it moves it here. */
export interface TfDataStorage<T> {
  get(dataId: object): T;
  set(dataId: object, value: T): void;
  has(dataId: object): boolean;
  delete(dataId: object): boolean;
}

export interface TfTensor extends TfTensorInfo {
  readonly id: number;
  readonly kept: boolean;
  readonly isDisposed: boolean;
  dataSync(): Float32Array | Int32Array | Uint8Array;
  dispose(): void;
}

export interface TfEngine {
  readonly backendName: string;
  readonly registryFactory: { [name: string]: unknown };
  isTapeOn(): boolean;
  runKernel(name: string, inputs: { [name: string]: TfTensorInfo }, attrs?: TfAttrs): TfTensor | TfTensor[];
  makeTensorFromTensorInfo(info: TfTensorInfo, backend?: unknown): TfTensor;
}

export interface Tf {
  readonly version_core?: string;
  readonly version?: { readonly [part: string]: string };
  readonly KernelBackend: new () => object;
  readonly DataStorage: new <T>(backend: object, mover: unknown) => TfDataStorage<T>;
  readonly backend_util: {
    mergeRealAndImagArrays(real: Float32Array, imag: Float32Array): Float32Array;
    splitRealAndImagArrays(complex: Float32Array): { real: Float32Array; imag: Float32Array };
  };
  engine(): TfEngine;
  env(): { getBool(flag: string): boolean };
  backend(): unknown;
  getBackend(): string;
  setBackend(name: string): Promise<boolean>;
  registerBackend(name: string, factory: () => object | Promise<object>, priority?: number): boolean;
  findBackendFactory(name: string): (() => unknown) | undefined;
  registerKernel(kernel: TfKernel): void;
  unregisterKernel(name: string, backendName: string): void;
  getKernel(name: string, backendName: string): TfKernel | undefined;
  getKernelsForBackend(backendName: string): TfKernel[];
}
