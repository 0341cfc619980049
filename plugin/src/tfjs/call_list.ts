// A graph as the engine has read and rewritten it, as a list of kernel calls in tfjs's names, for tfjs's other backends
// (native/wasm/abi.md, wxnn_calls).
import { kDTypes, lengthOf, viewOf } from '../checks';
import type { Engine } from '../engine';
import { utf8Decode } from '../text';
import type { DType, TensorData, TensorInfo } from '../types';
import type { OpInfo } from './calls';

export interface CallValue extends TensorInfo {
  /** Of a constant: a copy. */
  data?: TensorData;
}

export interface Call {
  op: OpInfo;
  name: string;
  /** Places in the list of values; -1 for an absent input. */
  inputs: number[];
  outputs: number[];
  /** What the operator's attributes are in this node: one number, several, or a text. */
  attrs: { [name: string]: number | number[] | string | undefined };
}

export interface CallList {
  values: CallValue[];
  inputs: number[];
  outputs: number[];
  calls: Call[];
}

const kNumber = 0;  // an attribute's kind

/** Throws the engine's sentence where it cannot read the model. */
export function readCalls(engine: Engine, { name, pieces }: { name: string; pieces: Uint8Array[] }): CallList {
  const ops = engine.json('wxnn_eager_ops') as OpInfo[];
  const block = engine.place(pieces, name);
  const pointer = engine.demand(`${name}: `, 'wxnn_calls', block, lengthOf(pieces));
  try {
    const list = new Reader(engine.buffer(), pointer, ops).list();
    list.calls.forEach((call) => turnFilter(list, call));
    return list;
  } finally {
    engine.call('wxnn_calls_free');
  }
}

class Reader {
  private readonly numbers: Float64Array;
  private at = 0;

  constructor(private readonly heap: ArrayBuffer, pointer: number, private readonly ops: OpInfo[]) {
    this.numbers = new Float64Array(heap, pointer, (heap.byteLength - pointer) >>> 3);
  }

  list(): CallList {
    const values = this.several(() => this.value());
    return { values, inputs: this.row(), outputs: this.row(), calls: this.several(() => this.call()) };
  }

  private several<T>(one: () => T): T[] {
    const items: T[] = [];
    for (let count = this.numbers[this.at++]; count > 0; count--) items.push(one());
    return items;
  }

  private row(): number[] {
    return this.several(() => this.numbers[this.at++]);
  }

  private text(): string {
    const start = this.at + 1;
    this.at = start - 1 - this.numbers[this.at];
    return utf8Decode(Uint8Array.from(this.numbers.subarray(start, this.at)));
  }

  private value(): CallValue {
    const name = this.text(), dtype: DType = kDTypes[this.numbers[this.at++]], pointer = this.numbers[this.at++], shape = this.row();
    const count = shape.reduce((n, dimension) => n * dimension, 1);
    return { name, dtype, shape, data: pointer < 0 ? undefined : viewOf(dtype, this.heap, pointer, count).slice() };
  }

  private call(): Call {
    const op = this.ops[this.numbers[this.at++]];
    const call: Call = { op, name: this.text(), inputs: this.row(), outputs: this.row(), attrs: {} };
    for (const [name, kind] of op.attrs) {
      if (this.numbers[this.at] < 0) {
        call.attrs[name] = this.text();
      } else {
        const row = this.row();
        call.attrs[name] = kind === kNumber ? row[0] : row.length ? row : undefined;
      }
    }
    return call;
  }
}

/** Constant filters in TensorFlow Lite's order of dimensions become tfjs's: OHWI HWIO, or HWOI where the convolution is transposed. */
function turnFilter({ values }: CallList, { op, inputs, attrs }: Call): void {
  const filter = values[inputs[1]];
  if (!filter || !filter.data) return;
  const [outputs, height, width, channels] = filter.shape;
  if (attrs.filterFormat === '1HWO') {
    const x = values[inputs[0]].shape[3];
    inputs[1] = values.push({ ...filter, shape: [height, width, x, channels / x] }) - 1;
  } else if (attrs.filterFormat === 'OHWI') {
    const isTransposed = op.name === 'Conv2DBackpropInput';
    const data = new Float32Array(filter.data.length);
    for (let o = 0, from = 0; o < outputs; o++) {
      for (let at = 0; at < height * width; at++) {
        for (let i = 0; i < channels; i++, from++) data[isTransposed ? (at * outputs + o) * channels + i : (at * channels + i) * outputs + o] = filter.data[from];
      }
    }
    inputs[1] = values.push({ ...filter, shape: isTransposed ? [height, width, outputs, channels] : [height, width, channels, outputs], data }) - 1;
  } else {
    return;
  }
  attrs.filterFormat = '';
}
