// What the backend keeps for one data id of tfjs: a block of the engine's heap, or values that JavaScript holds (strings, results of
// the CPU backend's kernels until the engine needs them), or the two parts of a complex tensor.
import type { TfDType, TfTensorInfo, TfValues } from './core';

/** The parts of a backend that its data call. */
export interface DataOwner {
  copyOut(data: HeapData): TfValues;
  release(data: HeapData): void;
}

/** It is its own data id where it was made here, so that finding it needs no look-up. */
export class HeapData {
  /** Address in the heap; 0 while the values are JavaScript's. */
  pointer = 0;
  bytes = 0;
  refCount = 1;
  /** True once a kernel may have packed it: the engine is told before the block is freed. */
  packed = false;
  /** False once it was freed or moved to another backend. */
  live = true;
  held: TfValues | undefined;
  complexTensorInfos: { real: TfTensorInfo; imag: TfTensorInfo } | undefined;
  // All that is live, so that dispose() finds it.
  before: HeapData | undefined;
  after: HeapData | undefined;

  constructor(public owner: DataOwner, public dtype: TfDType) {}

  /** As the CPU backend's kernels read and write them. */
  get values(): TfValues {
    return this.held !== undefined ? this.held : this.owner.copyOut(this);
  }

  set values(values: TfValues) {
    this.owner.release(this);
    this.held = values;
  }
}

export const kSizes: { [dtype: string]: number | undefined } = { float32: 4, int32: 4, bool: 1 };
export const kDTypes: TfDType[] = ['float32', 'int32', 'bool', 'complex64'];
export const kCodes: { [dtype: string]: number | undefined } = { float32: 0, int32: 1, bool: 2 };
