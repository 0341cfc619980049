// Runs a list of kernel calls on whichever tfjs backend is in use. What tfjs spells otherwise than the engine stands in call_rows.ts.
import { fail } from '../checks';
import type { TensorData } from '../types';
import type { Call, CallList } from './call_list';
import { kCallRows } from './call_rows';
import type { Attrs, Ports } from './call_rows';
import type { HostTensor, HostTf } from './host_tf';

/** Numbers that a graph has as lists of one. */
const kSingle = ['maxOutputSize', 'depth', 'k'];
const kReductions = /^(All|Any|Max|Mean|Min|Prod|Sum)$/;

export class CallRunner {
  private readonly constants: (HostTensor | undefined)[];
  /** How many calls and outputs read each value. */
  private readonly uses: number[];

  /** On the backend in use. Refuses, in one sentence, all nodes that it cannot run. */
  constructor(private readonly tf: HostTf, private readonly list: CallList) {
    const { values, calls, outputs } = list;
    const kernels = tf.getKernelsForBackend(tf.engine().backendName).map(({ kernelName }) => kernelName);
    const lacking = calls.map((call) => refusalOf(call, kernels)).filter((reason) => reason);
    if (lacking.length) fail(`${tf.engine().backendName} cannot run ${lacking.join('; ')}`);
    this.uses = values.map(() => 0);
    const count = (value: number) => value >= 0 && this.uses[value]++;
    calls.forEach(({ inputs }) => inputs.forEach(count));
    outputs.forEach(count);
    this.constants = values.map((value, i) => {
      const { data, shape, dtype } = value;
      value.data = undefined;  // the tensor has it from here on
      return data && this.uses[i] ? tf.tensor(data, shape as number[], dtype) : undefined;
    });
  }

  /** Outputs in the graph's order; the caller disposes them. Inputs stay the caller's. */
  run(inputs: HostTensor[]): HostTensor[] {
    const { tf, list, constants } = this;
    const left = this.uses.slice();
    const made: (HostTensor | undefined)[] = [];
    const valueOf = (value: number) => (value < 0 ? undefined : made[value] || constants[value]);
    const isGiven = (value: number) => !!constants[value] || list.inputs.indexOf(value) >= 0;
    list.inputs.forEach((value, i) => (made[value] = inputs[i]));
    try {
      for (const call of list.calls) {
        const results = tf.tidy(() => this.one(call, call.inputs.map(valueOf)));
        call.outputs.forEach((value, i) => (made[value] = results[i]));
        results.slice(call.outputs.length).forEach((result) => result.dispose());
        call.outputs.forEach((value) => !left[value] && (made[value] as HostTensor).dispose());
        for (const value of call.inputs) {
          if (value >= 0 && !--left[value] && !isGiven(value)) (made[value] as HostTensor).dispose();
        }
      }
      return list.outputs.map((value) => (isGiven(value) || left[value]-- > 1 ? tf.clone(valueOf(value) as HostTensor) : (made[value] as HostTensor)));
    } catch (error) {
      made.forEach((tensor, value) => tensor && !isGiven(value) && tensor.dispose());
      throw error;
    }
  }

  private one(call: Call, inputs: (HostTensor | undefined)[]): HostTensor[] {
    const { tf } = this;
    const { op, name } = call;
    const attrs: Attrs = { ...call.attrs };
    const ports: Ports = {};
    const list: HostTensor[] = [];
    inputs.forEach((x, i) => {
      const port = op.inputs[Math.min(i, op.inputs.length - 1)][0];
      if (!x) return;
      if (port in attrs) {
        // What may be computed in a graph is an attribute in tfjs.
        const values: number[] = Array.from(x.dataSync() as TensorData);
        attrs[port] = op.attrs.some(([attr, kind]) => attr === port && kind === 0) ? values[0] : values;
      } else {
        ports[port] = x;
        list.push(x);
      }
    });
    spell(attrs, list[0], op.name === 'Pack' ? 1 : 0);
    if (kReductions.test(op.name)) {
      // All axes where none are given.
      for (const axes of ['axis', 'reductionIndices']) if (axes in attrs && !attrs[axes]) attrs[axes] = list[0].shape.map((_, axis) => axis);
    }
    const run = (kernel: string, given: Ports | HostTensor[], its: Attrs = {}) => tf.engine().runKernel(kernel, given, its) as HostTensor;
    const row = kCallRows[op.name];
    try {
      const result = row ? row({ tf, attrs, ports, list, run, outputs: call.outputs.length }) : tf.engine().runKernel(op.name, op.variadic ? list : ports, attrs);
      return ([] as HostTensor[]).concat(result);
    } catch (error) {
      return fail(`node "${name}" (${op.name}): ${(error as Error).message}`);
    }
  }

  dispose(): void {
    this.constants.forEach((tensor) => tensor && tensor.dispose());
    this.constants.length = 0;
  }
}

function refusalOf({ op, name, attrs, outputs }: Call, kernels: string[]): string {
  const place = `node "${name}" (${op.name})`;
  if (!kCallRows[op.name] && kernels.indexOf(op.name) < 0) return `${place}, for which it has no kernel`;
  if (attrs.padToMaxOutputSize && outputs.length > 2) return `${place}, which pads its output`;
  const { dilations, filterFormat, axis } = attrs;
  const isSpread = Array.isArray(dilations) && dilations.some((dilation) => dilation !== 1);
  if (isSpread && /Pool|Backprop/.test(op.name)) return `${place}, which has gaps in its window`;
  if (op.name === 'OneHot' && axis !== -1) return `${place}, whose axis is not the last`;
  // readCalls has turned those that are constants.
  return filterFormat === 'OHWI' || filterFormat === '1HWO' ? `${place}, whose filter is computed` : '';
}

/** Attributes as tfjs's kernels take them, whichever the operator. `more`: dimensions that an axis counts beyond those of x. */
function spell(attrs: Attrs, x: HostTensor | undefined, more: number): void {
  for (const name of ['paddings', 'crops']) if (attrs[name]) attrs[name] = pairsOf(attrs[name] as number[]);
  for (const name of kSingle) if (Array.isArray(attrs[name])) attrs[name] = (attrs[name] as number[])[0];
  if ('pad' in attrs) {
    for (const name of ['strides', 'dilations', 'filterSize']) {
      const sides = attrs[name] as number[] | undefined;
      if (sides && sides.length === 1 && x) attrs[name] = x.shape.slice(2).map(() => sides[0]);
    }
    const pad = attrs.pad as string | number[];
    if (typeof pad !== 'string') attrs.pad = pad.length === 1 ? pad[0] : pad.length === 4 ? [[0, 0], ...pairsOf(pad), [0, 0]] : pairsOf(pad);
    if (!attrs.dimRoundingMode) attrs.dimRoundingMode = undefined;
  }
  if (typeof attrs.axis === 'number' && attrs.axis < 0 && x) attrs.axis += x.shape.length + more;
}

function pairsOf(flat: number[]): number[][] {
  const pairs: number[][] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i], flat[i + 1]]);
  return pairs;
}
