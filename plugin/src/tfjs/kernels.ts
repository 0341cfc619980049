// tfjs's kernels, in one loop over the operators that the binary reports. What the engine refuses or lacks, the CPU backend's kernel
// computes on the same data, when the host has loaded it; kernelReport() says what ran where.
import { fail } from '../checks';
import type { KernelCount } from '../types';
import type { WxnnBackend } from './backend';
import type { EagerCalls, OpInfo } from './calls';
import { kComposed, runComposed } from './composed';
import type { Composed } from './composed';
import type { KernelFunc, Tf, TfAttrs, TfInputs, TfTensorInfo } from './core';
import { cpuView } from './cpu';
import { kRows } from './rows';
import { kGraphKernel, runGraph } from './graph_model';
import { channelsFirst } from './channels_first';
import { kPixelKernels } from './pixels';
import { shared, viewOf } from './views';

export interface Kernels {
  readonly counts: { [kernel: string]: KernelCount };
  /** Kernels with operators of the engine; kernels that are the CPU backend's alone. */
  readonly engine: string[];
  readonly cpu: string[];
}

/** Inputs in the order of the operator's ports; how many up to the last that is there. */
function inOrder(info: OpInfo, inputs: TfInputs, list: (TfTensorInfo | undefined)[]): number {
  if (info.variadic) {
    const given = inputs as { [index: string]: TfTensorInfo };
    let count = 0;
    for (; given[count]; count++) list[count] = given[count];
    return count;
  }
  let count = 0;
  for (let i = 0; i < info.inputs.length; i++) {
    const x = (inputs as { [name: string]: TfTensorInfo | undefined })[info.inputs[i][0]];
    list[i] = x || undefined;
    if (x) count = i + 1;
  }
  return count;
}

/** The kernel of one operator: gives undefined when the engine cannot take the call. */
function engineKernel(tf: Tf, calls: EagerCalls, op: number, info: OpInfo): (call: { inputs: TfInputs; backend: WxnnBackend; attrs?: TfAttrs }) => TfTensorInfo | TfTensorInfo[] | undefined {
  const list: (TfTensorInfo | undefined)[] = [];
  const row = kRows[info.name] || {};
  const single = info.outputs === 1;
  const isChannelsFirst = info.attrs.some(([name]) => name === 'dataFormat');
  return ({ inputs, backend, attrs }) => {
    const count = inOrder(info, inputs, list);
    if (row.attrs) {
      attrs = row.attrs(attrs || {}, list as TfTensorInfo[], tf);
      if (!attrs) {
        backend.refusal = 'these attributes are not the engine\'s';
        return undefined;
      }
    }
    if (row.shape && count === 1) {
      const shape = row.shape(list[0] as TfTensorInfo, attrs || {});
      if (shape) return shared(backend, list[0] as TfTensorInfo, shape);
    }
    if (isChannelsFirst && attrs && attrs.dataFormat === 'NCHW') return channelsFirst(backend, calls, op, info, list, count, attrs);
    if (info.view) return viewOf(backend, op, info, list, count, attrs);
    const outputs = single ? 1 : row.outputs ? row.outputs(list as TfTensorInfo[], attrs || {}) : info.outputs;
    const results = backend.runOp(op, info, list, count, attrs, outputs);
    if (!results) return undefined;
    return single ? results[0] : results;
  };
}

type Engine = ReturnType<typeof engineKernel>;

/** The engine's, with the CPU backend's behind it. */
function served(tf: Tf, name: string, count: KernelCount, engine: Engine | undefined): KernelFunc {
  return (call) => {
    const backend = call.backend as WxnnBackend;
    if (engine) {
      backend.refusal = '';
      const result = engine(call as Parameters<Engine>[0]);
      if (result) {
        count.engine++;
        backend.servedBy = 'engine';
        return result;
      }
      count.reason = backend.refusal || backend.calls.sentence();
      // What the engine has no memory for JavaScript should not try either.
      if (/ memory/.test(count.reason)) fail(`${count.reason}.`);
    }
    const cpu = tf.getKernel(name, 'cpu');
    if (!cpu) fail(`${count.reason || name}: the engine cannot compute this, and @tensorflow/tfjs-backend-cpu, which could, is not loaded.`);
    const result = cpu.kernelFunc({ inputs: call.inputs, backend: cpuView(tf, backend), attrs: call.attrs });
    count.cpu++;
    backend.servedBy = 'cpu';
    return result;
  };
}

/** Registers every kernel under `backendName`; again when the binary or the CPU backend came later. */
export function registerKernels(tf: Tf, backendName: string, calls: EagerCalls): Kernels {
  const kernels: Kernels = { counts: {}, engine: [], cpu: [] };
  const ops: { [name: string]: number } = {};
  calls.ops.forEach(({ name }, index) => (ops[name] = index));
  const register = (name: string, engine: Engine | undefined) => {
    const count = (kernels.counts[name] = { engine: 0, cpu: 0 });
    (engine ? kernels.engine : kernels.cpu).push(name);
    if (tf.getKernel(name, backendName)) tf.unregisterKernel(name, backendName);
    tf.registerKernel({ kernelName: name, backendName, kernelFunc: served(tf, name, count, engine) });
  };
  for (const name of Object.keys(kPixelKernels)) register(name, kPixelKernels[name] as Engine);
  for (const name of Object.keys(kComposed)) {
    const composed = kComposed[name] as Composed;
    register(name, ({ inputs, backend, attrs }) => runComposed(composed, backend, inputs, attrs || {}, (op, list, its) => {
      const results = backend.runOp(ops[op], calls.ops[ops[op]], list, list.length, its, 1);
      return results && results[0];
    }));
  }
  calls.ops.forEach((info, index) => {
    if (!kernels.counts[info.name]) register(info.name, engineKernel(tf, calls, index, info));
  });
  if (!tf.getKernel(kGraphKernel, backendName)) tf.registerKernel({ kernelName: kGraphKernel, backendName, kernelFunc: runGraph });
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (!(kernelName in kernels.counts)) register(kernelName, undefined);
  }
  return kernels;
}
