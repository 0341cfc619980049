// Operators of the engine that are no kernel of tfjs, or one with other attributes: as kernels and operations of tfjs.
import { elements, fail } from '../checks';
import type { HostTensor, HostTf } from './host_tf';

export type Attrs = { [name: string]: unknown };
export type Ports = { [name: string]: HostTensor | undefined };

/** One node while it runs, in a scope of its own. */
export interface Running {
  tf: HostTf;
  attrs: Attrs;
  /** Inputs by port, without those that became attributes; and in their order. */
  ports: Ports;
  list: HostTensor[];
  run(kernel: string, inputs: Ports | HostTensor[], attrs?: Attrs): HostTensor;
  outputs: number;
}

type Row = (node: Running) => HostTensor | HostTensor[];

/** Activations that tfjs's own fused kernels know on every backend. */
const kFused = ['linear', 'relu', 'relu6', 'elu', 'sigmoid'];

/** An activation that is fused into an operator, on its result. */
function activated(x: HostTensor, { tf, attrs, ports, run }: Running): HostTensor {
  const name = attrs.activation as string;
  if (name === 'linear') return x;
  if (name === 'hardSwish') return hardSwish(tf, x);
  if (name === 'leakyrelu') return run('LeakyRelu', { x }, { alpha: attrs.leakyreluAlpha });
  if (name === 'prelu') return run('Prelu', { x, alpha: ports.preluActivationWeights });
  if (/^(clip|reluN1To1)$/.test(name)) return clipped(run, x, ...((name === 'clip' ? [attrs.clipMin, attrs.clipMax] : [-1, 1]) as [number, number]));
  return run(name[0].toUpperCase() + name.slice(1), { x });
}

const clipped = (run: Running['run'], x: HostTensor, clipValueMin: number, clipValueMax: number) => run('ClipByValue', { x }, { clipValueMin, clipValueMax });

function hardSwish(tf: HostTf, x: HostTensor): HostTensor {
  return tf.mul(x, tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6));
}

/** A convolution or product with bias and activation: in one kernel where tfjs knows the activation. */
function fused(kernel: string, plain: string, inputs: (node: Running) => Ports): Row {
  return (node) => {
    const { attrs, ports, run } = node;
    const activation = attrs.activation as string;
    const given = inputs(node);
    const isPlain = !ports.bias && activation === 'linear';
    const isFused = kFused.indexOf(activation) >= 0;
    const y = isPlain ? run(plain, given, attrs) : run(kernel, { ...given, bias: ports.bias }, { ...attrs, activation: isFused ? activation : 'linear' });
    return isFused ? y : activated(y, node);
  };
}

const convolution = fused('FusedConv2D', 'Conv2D', ({ ports: { x, filter } }) => {
  if ((filter as HostTensor).shape[2] !== (x as HostTensor).shape[3]) fail('groups of channels are not in tfjs');
  return { x, filter };
});
const depthwise = fused('FusedDepthwiseConv2D', 'DepthwiseConv2dNative', ({ ports: { x, filter } }) => ({ x, filter }));

function backprop(node: Running): HostTensor {
  const { attrs, ports, run, tf } = node;
  const dy = ports.dy as HostTensor, filter = ports.filter as HostTensor;
  const strides = attrs.strides as number[], given = attrs.inputShape as number[];
  const side = (axis: number) => {
    if (given.length === 4) return given[axis];
    const length = dy.shape[axis], stride = strides[axis - 1];
    return attrs.pad === 'same' ? length * stride : (length - 1) * stride + filter.shape[axis - 1];
  };
  const inputShape = [dy.shape[0], side(1), side(2), filter.shape[2]];
  const y = run('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape });
  return activated(ports.bias ? tf.add(y, ports.bias) : y, node);
}

/** tfjs's kernel takes batches one after the other where both operands have several. */
function sameBatches({ tf, ports }: Running): { a: HostTensor; b: HostTensor } {
  const { a, b } = ports as { a: HostTensor; b: HostTensor };
  const [batchA, batchB] = [a, b].map(({ shape }) => shape.slice(0, -2));
  const isMany = (batch: number[]) => batch.some((size) => size !== 1);
  if (String(batchA) === String(batchB) || !isMany(batchA) || !isMany(batchB)) return { a, b };
  const [longer, shorter] = batchA.length < batchB.length ? [batchB, batchA] : [batchA, batchB];
  const batch = longer.map((size, i) => (size === 1 ? shorter[i + shorter.length - longer.length] || 1 : size));
  return { a: tf.broadcastTo(a, batch.concat(a.shape.slice(-2))), b: tf.broadcastTo(b, batch.concat(b.shape.slice(-2))) };
}

/** tfjs's three-dimensional kernels have no bias. */
function volume(kernel: string): Row {
  return ({ tf, attrs, ports: { bias, ...others }, run }) => {
    const y = run(kernel, others, attrs);
    return bias ? tf.add(y, bias) : y;
  };
}

/** The steps of native/ops/fake_quant.cc. */
function fakeQuant({ tf, attrs, ports, run }: Running): HostTensor {
  const { min, max, numBits, narrowRange } = attrs as { [name: string]: number };
  const lowest = narrowRange ? 1 : 0, highest = 2 ** numBits - 1, step = (max - min) / (highest - lowest);
  const zero = Math.min(Math.max(Math.floor(lowest - min / step + 0.5), lowest), highest);
  const grid = run('Floor', { x: tf.add(tf.mul(ports.x as HostTensor, 1 / step), 0.5) });
  return tf.mul(clipped(run, grid, lowest - zero, highest - zero), step);
}

/** tfjs's kernel takes wrong numbers where an axis is dropped and another has a stride: such axes are cut to one and dropped here. */
function stridedSlice(node: Running): HostTensor {
  const { attrs, ports, run } = node;
  const x = ports.x as HostTensor;
  const shrink = attrs.shrinkAxisMask as number, strides = attrs.strides as number[];
  if (!shrink || strides.every((stride) => stride === 1)) return run('StridedSlice', { x }, attrs);
  if (attrs.ellipsisMask || attrs.newAxisMask) fail('such masks are not on this backend');
  const isDropped = (axis: number) => (shrink >> axis) % 2 === 1;
  const begin = (attrs.begin as number[]).map((at, axis) => (isDropped(axis) && at < 0 ? at + x.shape[axis] : at));
  const y = run('StridedSlice', { x }, {
    ...attrs, begin, shrinkAxisMask: 0,
    end: (attrs.end as number[]).map((at, axis) => (isDropped(axis) ? begin[axis] + 1 : at)),
    strides: strides.map((stride, axis) => (isDropped(axis) ? 1 : stride)),
    beginMask: (attrs.beginMask as number) & ~shrink, endMask: (attrs.endMask as number) & ~shrink,
  });
  return reshaped(node, y, y.shape.filter((_, axis) => !isDropped(axis)));
}

const int32 = (tf: HostTf, values: number[], shape: number[]) => tf.tensor(Int32Array.from(values), shape, 'int32');

const reshaped = (node: Running, x: HostTensor, shape: number[]) => node.run('Reshape', { x }, { shape });

export const kCallRows: { [op: string]: Row | undefined } = {
  BatchMatMul: (node) => node.run('BatchMatMul', sameBatches(node), node.attrs),
  BroadcastTo: ({ tf, attrs, ports }) => tf.broadcastTo(ports.x as HostTensor, attrs.shape as number[]),
  Conv2D: convolution,
  Conv2DBackpropInput: backprop,
  Conv3D: volume('Conv3D'),
  Conv3DBackpropInputV2: volume('Conv3DBackpropInputV2'),
  DepthwiseConv2dNative: depthwise,
  DivNoNan: ({ tf, ports }) => tf.divNoNan(ports.a as HostTensor, ports.b as HostTensor),
  FakeQuantWithMinMaxArgs: fakeQuant,
  FusedConv2D: convolution,
  FusedDepthwiseConv2D: depthwise,
  Gelu({ tf, attrs, ports }) {
    const x = ports.x as HostTensor;
    const bent = attrs.approximate
      ? tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x))))))
      : tf.erf(tf.mul(x, Math.SQRT1_2));
    return tf.mul(tf.mul(x, 0.5), tf.add(bent, 1));
  },
  HardSwish: ({ tf, ports }) => hardSwish(tf, ports.x as HostTensor),
  LogSoftmax: ({ tf, attrs, ports }) => tf.logSoftmax(ports.logits as HostTensor, attrs.dim as number),
  LogicalXor: ({ tf, ports }) => tf.logicalXor(ports.a as HostTensor, ports.b as HostTensor),
  NonMaxSuppressionV5({ tf, attrs, ports, outputs }) {
    const results = tf.engine().runKernel('NonMaxSuppressionV5', ports, attrs) as HostTensor[];
    return outputs > 2 ? results.concat(int32(tf, [results[0].shape[0]], [])) : results;
  },
  Rank: ({ tf, list }) => int32(tf, [list[0].shape.length], []),
  SelectV2: ({ tf, ports }) => tf.where(ports.condition as HostTensor, ports.t as HostTensor, ports.e as HostTensor),
  Shape: ({ tf, list: [x] }) => int32(tf, x.shape, [x.shape.length]),
  Size: ({ tf, list }) => int32(tf, [elements(list[0].shape)], []),
  SpaceToDepth(node) {
    const x = node.ports.x as HostTensor;
    const b = node.attrs.blockSize as number;
    const [n, h, w, c] = x.shape;
    const blocks = node.run('Transpose', { x: reshaped(node, x, [n, h / b, b, w / b, b, c]) }, { perm: [0, 1, 3, 2, 4, 5] });
    return reshaped(node, blocks, [n, h / b, w / b, b * b * c]);
  },
  Squeeze(node) {
    const x = node.list[0];
    const axes = ((node.attrs.axis as number[]) || []).map((axis) => (axis < 0 ? axis + x.shape.length : axis));
    return reshaped(node, x, x.shape.filter((size, axis) => (axes.length ? axes.indexOf(axis) < 0 : size !== 1)));
  },
  StridedSlice: stridedSlice,
  _FusedMatMul: fused('_FusedMatMul', 'BatchMatMul', sameBatches),
};
