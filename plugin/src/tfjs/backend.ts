// The backend as tfjs sees it: tensors in the engine's heap, counted by reference.
import { fail } from '../checks';
import { getHost } from '../host';
import { EagerCalls, kPlanInputs, kSlot } from './calls';
import type { OpInfo } from './calls';
import type { Tf, TfAttrs, TfDataStorage, TfDType, TfTensorInfo, TfValues } from './core';
import { DataOwner, HeapData, kCodes, kDTypes, kSizes } from './data';

/** tf.KernelBackend, as far as wxnn and its kernels call it. */
export interface WxnnBackend extends DataOwner {
  readonly calls: EagerCalls;
  readonly storage: TfDataStorage<HeapData>;
  /** Who computed the last kernel, for tf.profile. */
  servedBy: string;
  /** While true, written values stay JavaScript's until an operator reads them: weights, whose plan has its own packed form. */
  holdsWrites: boolean;
  /** Why the last call was refused, where it is not the engine's sentence. */
  refusal: string;
  dataOf(dataId: object): HeapData;
  adopt(dtype: TfDType, values: TfValues | undefined): HeapData;
  upload(data: HeapData): number;
  /** A tensor's memory, not yet written. */
  allocate(dtype: TfDType, shape: number[]): HeapData;
  /** Runs an operator; undefined when it cannot take these inputs (calls.sentence() says why). */
  runOp(op: number, info: OpInfo, inputs: (TfTensorInfo | undefined)[], count: number, attrs: TfAttrs | undefined, outputs: number): TfTensorInfo[] | undefined;
  write(values: TfValues | null, shape: number[], dtype: TfDType): object;
  refCount(dataId: object): number;
  numDataIds(): number;
  incRef(dataId: object): void;
  disposeData(dataId: object, force?: boolean): boolean;
  readSync(dataId: object, start?: number, end?: number): TfValues;
  dispose(): void;
}

type BackendClass = new (calls: EagerCalls) => WxnnBackend;

/** The class, made once for each copy of tfjs. */
export function backendClass(tf: Tf): BackendClass {
  return class Backend extends tf.KernelBackend implements WxnnBackend {
    readonly storage: TfDataStorage<HeapData> = new tf.DataStorage<HeapData>(this, tf.engine());
    servedBy = '';
    holdsWrites = false;
    refusal = '';
    private count = 0;
    private bytes = 0;
    private first: HeapData | undefined;
    private disposed = false;
    private readonly found: HeapData[] = [];
    private readonly pointers = [0, 0, 0, 0];

    constructor(readonly calls: EagerCalls) {
      super();
    }

    // --- data ---

    dataOf(dataId: object): HeapData {
      const data = dataId as HeapData;
      if (data.owner === this && data.live) return data;
      try {
        // Moves it here from another backend; what was made here before needs no entry.
        return this.storage.get(dataId) || data;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return fail('a tensor is unknown to this TensorFlow.js: it was disposed, or a second copy of tfjs-core made it.');
      }
    }

    private known(dataId: object): HeapData | undefined {
      const data = dataId as HeapData;
      if (data.owner === this && data.live) return data;
      return this.storage.has(dataId) ? this.storage.get(dataId) : undefined;
    }

    adopt(dtype: TfDType, values: TfValues | undefined): HeapData {
      const data = new HeapData(this, dtype);
      data.held = values;
      this.link(data);
      return data;
    }

    private link(data: HeapData): void {
      if (this.disposed) fail('this backend was disposed.');
      data.after = this.first;
      if (this.first) this.first.before = data;
      this.first = data;
      this.count++;
    }

    private unlink(data: HeapData): void {
      if (data.before) data.before.after = data.after;
      else this.first = data.after;
      if (data.after) data.after.before = data.before;
      data.before = data.after = undefined;
      data.live = false;
      this.count--;
    }

    allocate(dtype: TfDType, shape: number[]): HeapData {
      const data = new HeapData(this, dtype);
      this.reserve(data, bytesOf(dtype, shape));
      this.link(data);
      return data;
    }

    private reserve(data: HeapData, bytes: number): void {
      const { engine } = this.calls;
      if (bytes > 0x7fffffff) fail(`there is no memory for a tensor of ${bytes} bytes: the heap has 2 GB at most.`);
      data.pointer = engine.allocate(bytes, 'a tensor');
      data.bytes = bytes;
      this.bytes += bytes;
      this.calls.refresh();
    }

    private fill(data: HeapData, values: ArrayLike<number>): void {
      const { calls } = this;
      if (data.dtype === 'bool') calls.u8.set(values, data.pointer);
      else (data.dtype === 'int32' ? calls.i32 : calls.f32).set(values, data.pointer >>> 2);
    }

    upload(data: HeapData): number {
      const values = data.held as ArrayLike<number>;
      this.reserve(data, values.length * (kSizes[data.dtype] as number));
      this.fill(data, values);
      data.held = undefined;
      return data.pointer;
    }

    copyOut(data: HeapData): TfValues {
      if (!data.live || !data.pointer) return data.held || new Float32Array(0);
      const { calls } = this;
      calls.refresh();
      const { pointer, bytes } = data;
      if (data.dtype === 'bool') return calls.u8.slice(pointer, pointer + bytes);
      return (data.dtype === 'int32' ? calls.i32 : calls.f32).slice(pointer >>> 2, (pointer + bytes) >>> 2);
    }

    release(data: HeapData): void {
      const { engine } = this.calls;
      if (!data.pointer) return;
      if (data.packed) engine.tell('wxnn_eager_forget', data.pointer);
      engine.free(data.pointer);
      this.bytes -= data.bytes;
      data.pointer = data.bytes = 0;
      data.packed = false;
    }

    // --- tf.KernelBackend ---

    write(values: TfValues | null, shape: number[], dtype: TfDType): object {
      const data = new HeapData(this, dtype);
      this.store(data, values, shape);  // fails where there is no memory
      this.link(data);
      return data;
    }

    move(dataId: object, values: TfValues | null, shape: number[], dtype: TfDType, refCount: number): void {
      let data = dataId as HeapData;
      if (data instanceof HeapData && !data.live) {
        data.owner = this;
        data.live = true;
        data.dtype = dtype;
      } else {
        data = new HeapData(this, dtype);
      }
      this.store(data, values, shape);
      this.link(data);
      data.refCount = refCount;
      if (data !== dataId) this.storage.set(dataId, data);
    }

    private store(data: HeapData, values: TfValues | null, shape: number[]): void {
      const { dtype } = data;
      if (dtype === 'string' || (this.holdsWrites && values && dtype !== 'complex64')) {
        data.held = values || [];
      } else if (dtype === 'complex64') {
        if (!values) return;
        const { real, imag } = tf.backend_util.splitRealAndImagArrays(values as Float32Array);
        data.complexTensorInfos = { real: this.part(real, shape), imag: this.part(imag, shape) };
      } else {
        this.reserve(data, values ? values.length * (kSizes[dtype] as number) : bytesOf(dtype, shape));
        if (values) this.fill(data, values as number[]);
      }
    }

    private part(values: Float32Array, shape: number[]): TfTensorInfo {
      return { dataId: this.write(values, shape, 'float32'), shape, dtype: 'float32' };
    }

    readSync(dataId: object, start?: number, end?: number): TfValues {
      const data = this.disposed && dataId instanceof HeapData ? dataId : this.dataOf(dataId);
      if (!data.live) fail('a tensor\'s backend was disposed, and its values with it.');
      const { complexTensorInfos: parts } = data;
      if (parts) {
        return tf.backend_util.mergeRealAndImagArrays(this.readSync(parts.real.dataId) as Float32Array, this.readSync(parts.imag.dataId) as Float32Array);
      }
      const values = data.values;
      return start === undefined && end === undefined ? asTyped(values, data.dtype) : (values as Float32Array).slice(start, end);
    }

    async read(dataId: object): Promise<TfValues> {
      return this.readSync(dataId);
    }

    refCount(dataId: object): number {
      const data = this.known(dataId);
      return data ? data.refCount : 0;
    }

    incRef(dataId: object): void {
      this.dataOf(dataId).refCount++;
    }

    decRef(dataId: object): void {
      const data = this.known(dataId);
      if (data) data.refCount--;
    }

    disposeData(dataId: object, force = false): boolean {
      const data = this.known(dataId);
      if (!data) return true;
      data.refCount--;
      if (!force && data.refCount > 0) return false;
      const { complexTensorInfos: parts } = data;
      if (parts) {
        this.disposeData(parts.real.dataId, true);
        this.disposeData(parts.imag.dataId, true);
        data.complexTensorInfos = undefined;
      }
      this.release(data);
      data.held = undefined;
      this.unlink(data);
      if (data !== dataId) this.storage.delete(dataId);
      return true;
    }

    numDataIds(): number {
      return this.count;
    }

    memory(): object {
      return { unreliable: false, numBytesInHeap: this.calls.engine.buffer().byteLength, numBytesLive: this.bytes };
    }

    async time(f: () => void): Promise<object> {
      const start = getHost().now();
      this.servedBy = '';
      f();
      const { servedBy } = this;
      return { kernelMs: getHost().now() - start, getExtraProfileInfo: () => servedBy };
    }

    timerAvailable(): boolean {
      return true;
    }

    floatPrecision(): 32 {
      return 32;
    }

    epsilon(): number {
      return 1e-7;
    }

    dispose(): void {
      if (this.disposed) return;
      while (this.first) {
        const data = this.first;
        this.release(data);
        data.held = data.complexTensorInfos = undefined;
        this.unlink(data);
      }
      this.disposed = true;
    }

    // --- operators ---

    runOp(op: number, info: OpInfo, inputs: (TfTensorInfo | undefined)[], count: number, attrs: TfAttrs | undefined, outputs: number): TfTensorInfo[] | undefined {
      const { calls, found, pointers } = this;
      for (let i = 0; i < count; i++) {
        const x = inputs[i];
        if (!x) {
          if (i < kPlanInputs) pointers[i] = 0;
          continue;
        }
        const data = found[i] = this.dataOf(x.dataId);
        if (!data.pointer && data.held && kCodes[x.dtype] !== undefined) this.upload(data);
        if (i < kPlanInputs) pointers[i] = data.pointer;
      }
      const mayRecur = outputs === 1 && count <= kPlanInputs;
      const record = mayRecur ? calls.find(op, inputs, count, attrs) : undefined;
      const block = record ? calls.again(record, pointers) : 0;
      if (record && block) return [this.hold(block, record.dtype, record.shape.slice(), record.bytes)];
      if (!this.runAnew(op, info, inputs, count, attrs, outputs)) return undefined;
      if (mayRecur) calls.keep(op, inputs, count, attrs, record);
      const results: TfTensorInfo[] = [];
      for (let i = 0; i < outputs; i++) results.push(this.result(i));
      return results;
    }

    private runAnew(op: number, info: OpInfo, inputs: (TfTensorInfo | undefined)[], count: number, attrs: TfAttrs | undefined, outputs: number): boolean {
      const { calls, found } = this;
      calls.reserve(count > outputs ? count : outputs);
      const numbers = calls.putAttrs(info, attrs);
      for (let i = 0; i < count; i++) {
        const x = inputs[i];
        if (!x) {
          calls.putAbsent(i);
          continue;
        }
        const data = found[i];
        const code = kCodes[x.dtype];
        if (code === undefined || x.shape.length > 8) {
          this.refusal = `${info.name} of ${x.dtype} of rank ${x.shape.length} is not the engine's`;
          return false;
        }
        calls.put(i, data.pointer, code, x.shape);
        if (((info.inputs[i < info.inputs.length ? i : info.inputs.length - 1])[1] & 2) !== 0) data.packed = true;
      }
      return calls.run(op, numbers, count, outputs);
    }

    private result(index: number): TfTensorInfo {
      const { slots } = this.calls;
      const at = index * kSlot;
      const code = slots[at + 1];
      const rank = slots[at + 2];
      const shape: number[] = [];
      let bytes = kSizes[kDTypes[code]] as number;
      for (let i = 0; i < rank; i++) {
        const dimension = slots[at + 3 + i];
        shape.push(dimension);
        bytes *= dimension;
      }
      return this.hold(slots[at] >>> 0, code, shape, bytes);
    }

    /** A tensor of a block that the engine has made. */
    private hold(pointer: number, code: number, shape: number[], bytes: number): TfTensorInfo {
      const dtype = kDTypes[code];
      const data = this.adopt(dtype, undefined);
      data.pointer = pointer;
      data.bytes = bytes;
      this.bytes += bytes;
      return { dataId: data, shape, dtype };
    }
  } as unknown as BackendClass;
}

function bytesOf(dtype: TfDType, shape: number[]): number {
  let bytes = kSizes[dtype] as number;
  for (const dimension of shape) bytes *= dimension;
  return bytes;
}

/** The CPU backend's kernels leave plain arrays here and there. */
function asTyped(values: TfValues, dtype: TfDType): TfValues {
  if (dtype === 'string' || !Array.isArray(values)) return values;
  const list = values as number[];
  return dtype === 'int32' ? Int32Array.from(list) : dtype === 'bool' ? Uint8Array.from(list) : Float32Array.from(list);
}
