// Single operators of the engine (native/wasm/abi.md, wxnn_eager_…): the only memory that JavaScript writes per call are a few
// numbers in the heap, and nothing is looked up by name.
import { fail } from '../checks';
import type { Engine } from '../engine';
import type { TfAttrs, TfTensorInfo } from './core';

/** Words of a slot: address, dtype, rank, eight dimensions. */
export const kSlot = 11;

/** An operator as the binary reports it. */
export interface OpInfo {
  name: string;
  /** [name, traits]: 1 optional, 2 packed, 4 only its type is read, 8 its value decides shapes. */
  inputs: [string, number][];
  /** [name, kind]. */
  attrs: [string, number][];
  /** 255: any number. */
  outputs: number;
  variadic: number;
  view: number;
}

const kDefault = 0.5;
/** What a plan has at most (core/eager.h). */
export const kPlanInputs = 4;
const kMostRecords = 8;

/** A call of an operator that may come again: the engine's plan, and what it holds for. */
export interface CallRecord {
  plan: number;
  dtypes: (string | undefined)[];
  shapes: (number[] | undefined)[];
  attrs: TfAttrs;
  /** How many attributes there are. */
  size: number;
  /** Of the output. */
  dtype: number;
  shape: number[];
  bytes: number;
}

/** Attributes as they are now: the caller may write into its lists later. */
const copyOf = (value: unknown): unknown => (Array.isArray(value) ? value.map(copyOf) : value);

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return typeof a !== 'object' || a === null;  // any other object may have changed
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSame(a[i], b[i])) return false;
  return true;
}

function isShape(a: number[], b: number[]): boolean {
  const { length } = a;
  if (b.length !== length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export class EagerCalls {
  readonly ops: OpInfo[];
  /** Views of the heap; whoever has called the engine since takes them afresh by refresh(). */
  slots!: Int32Array;
  f32!: Float32Array;
  i32!: Int32Array;
  u8!: Uint8Array;
  private numbers!: Float64Array;
  private slotCount = 16;
  private numberCount = 256;
  private readonly runOp: (op: number, numbers: number, inputs: number, outputs: number) => number;
  private readonly runAgain: (plan: number, a: number, b: number, c: number, d: number) => number;
  /** By operator, the latest in no order. */
  private readonly records: CallRecord[][];
  private turn = 0;
  /** The last run's, for keep(). */
  private plan = 0;

  constructor(readonly engine: Engine) {
    this.runAgain = engine.functionOf('wxnn_eager_again') as (plan: number, a: number, b: number, c: number, d: number) => number;
    this.runOp = engine.functionOf('wxnn_eager_run') as (op: number, numbers: number, inputs: number, outputs: number) => number;
    this.ops = engine.json('wxnn_eager_ops') as OpInfo[];
    this.records = this.ops.map(() => []);
    this.locate();
  }

  /** Where the areas lie now. The heap's old views are empty once it has grown. */
  refresh(): void {
    if (this.slots.length === 0) this.locate();
  }

  private locate(): void {
    const { engine } = this;
    const slots = engine.demand('', 'wxnn_eager_slots', this.slotCount);
    const numbers = engine.demand('', 'wxnn_eager_numbers', this.numberCount);
    const buffer = engine.buffer();
    this.slots = new Int32Array(buffer, slots, this.slotCount * kSlot);
    this.numbers = new Float64Array(buffer, numbers, this.numberCount);
    this.f32 = new Float32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }

  /** Makes room for so many inputs or outputs. */
  reserve(count: number): void {
    if (count <= this.slotCount) return this.refresh();
    this.slotCount = count;
    this.locate();
  }

  /** The next input. Room for it was made, and nothing has called the engine since. */
  put(index: number, pointer: number, dtype: number, shape: number[]): void {
    const { slots } = this;
    const at = index * kSlot;
    const rank = shape.length;
    slots[at] = pointer;
    slots[at + 1] = dtype;
    slots[at + 2] = rank;
    for (let i = 0; i < rank; i++) slots[at + 3 + i] = shape[i];
  }

  putAbsent(index: number): void {
    this.slots[index * kSlot + 1] = -1;
  }

  /** The attributes as numbers; gives how many. Those that `attrs` lacks keep their defaults. */
  putAttrs(op: OpInfo, attrs: { [name: string]: unknown } | undefined): number {
    if (!attrs || op.attrs.length === 0) return 0;
    this.refresh();
    let end = 0;
    for (const [name] of op.attrs) end = this.putAttr(end, attrs[name]);
    return end;
  }

  private putAttr(at: number, value: unknown): number {
    if (value === undefined || value === null) return this.putNumber(at, kDefault);
    if (typeof value === 'string') {
      at = this.putNumber(at, -1 - value.length);
      for (let i = 0; i < value.length; i++) at = this.putNumber(at, value.charCodeAt(i));
      return at;
    }
    const end = this.putNumbers(at + 1, typeof value === 'object' ? (value as ArrayLike<unknown>) : [value]);
    this.putNumber(at, end - at - 1);
    return end;
  }

  /** A list, or a list of lists such as paddings, row by row. */
  private putNumbers(at: number, list: ArrayLike<unknown>): number {
    for (let i = 0; i < list.length; i++) {
      const item = list[i];
      at = typeof item === 'object' && item !== null ? this.putNumbers(at, item as ArrayLike<unknown>) : this.putNumber(at, Number(item));
    }
    return at;
  }

  private putNumber(at: number, value: number): number {
    if (at >= this.numberCount) this.growNumbers(at);
    this.numbers[at] = value;
    return at + 1;
  }

  private growNumbers(needed: number): void {
    const old = this.numbers.slice();
    this.numberCount = 2 * needed + 2;
    this.locate();
    this.numbers.set(old);
  }

  /** The record of such a call, where there is one. */
  find(op: number, inputs: (TfTensorInfo | undefined)[], count: number, attrs: TfAttrs | undefined): CallRecord | undefined {
    const list = this.records[op];
    next: for (let k = 0; k < list.length; k++) {
      const record = list[k];
      const { shapes } = record;
      if (shapes.length !== count) continue;
      for (let i = 0; i < count; i++) {
        const x = inputs[i], shape = shapes[i];
        if (!x || !shape ? x || shape : x.dtype !== record.dtypes[i] || !isShape(x.shape, shape)) continue next;
      }
      let size = 0;
      // Faster than looking up each name that the operator knows.
      for (const name in attrs) {
        if (!isSame(attrs[name], record.attrs[name])) continue next;
        size++;
      }
      if (size === record.size) return record;
    }
    return undefined;
  }

  /** The block of the output, or 0. */
  again({ plan }: CallRecord, pointers: number[]): number {
    if (this.engine.stopped) return 0;
    try {
      const block = this.runAgain(plan, pointers[0], pointers[1], pointers[2], pointers[3]) >>> 0;
      if (this.slots.length === 0) this.locate();
      return block;
    } catch (error) {
      return this.engine.stop('an operator', error);
    }
  }

  /** Keeps the call that has just run, whose output is in the first slot, where it may come again. `former`: its record, which was of no use. */
  keep(op: number, inputs: (TfTensorInfo | undefined)[], count: number, attrs: TfAttrs | undefined, former: CallRecord | undefined): void {
    const { plan, slots } = this;
    if (!plan) return;
    if (former) {
      former.plan = plan;
      return;
    }
    const shape = Array.from(slots.subarray(3, 3 + slots[2]));
    const record: CallRecord = {
      plan, dtypes: [], shapes: [], attrs: {}, size: 0, dtype: slots[1], shape,
      bytes: shape.reduce((n, dimension) => n * dimension, slots[1] === 2 ? 1 : 4),
    };
    for (let i = 0; i < count; i++) {
      const x = inputs[i];
      record.dtypes.push(x && x.dtype);
      record.shapes.push(x && x.shape.slice());
    }
    for (const name in attrs) {
      record.attrs[name] = copyOf(attrs[name]);
      record.size++;
    }
    const list = this.records[op];
    list[list.length < kMostRecords ? list.length : this.turn++ % kMostRecords] = record;
  }

  /** False when the engine refuses; sentence() says why. */
  run(op: number, numbers: number, inputs: number, outputs: number): boolean {
    const { engine } = this;
    if (engine.stopped) fail(`the engine stopped earlier (${engine.stopped}); make the backend anew with tf.removeBackend and tf.setBackend.`);
    let done = 0;
    try {
      done = this.runOp(op, numbers, inputs, outputs);
    } catch (error) {
      engine.stop(`in ${this.ops[op].name}`, error);
    }
    this.refresh();
    this.plan = done ? done - 1 : 0;
    return done !== 0;
  }

  sentence(): string {
    return this.engine.failure('', 'wxnn_eager_run').message;
  }
}
