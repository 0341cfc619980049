// A tfjs graph, or the part of it between some inputs and outputs, as one model of the engine, run on tensors of the backend.
import { fail, kDTypes } from '../checks';
import type { Engine } from '../engine';
import { encodeNodeList } from '../node_list';
import type { GraphModelJson } from '../node_list';
import type { TensorInfo } from '../types';
import type { WxnnBackend } from './backend';
import type { EagerCalls } from './calls';
import type { TfDType, TfTensorInfo } from './core';
import { kSizes } from './data';

export class GraphPlan {
  private readonly inputs: TensorInfo[];
  private readonly outputs: number;
  private readonly shapes: string[];

  private constructor(readonly engine: Engine, private handle: number) {
    const info = engine.json('wxnn_model_info', handle) as { inputs: TensorInfo[]; outputs: TensorInfo[] };
    this.inputs = info.inputs;
    this.outputs = info.outputs.length;
    this.shapes = info.inputs.map(({ shape }) => String(shape));
    for (const { name, dtype } of [...info.inputs, ...info.outputs]) {
      if (kSizes[dtype] === undefined) fail(`"${name}" is ${dtype}, which single tensors of the backend are not`);
    }
  }

  /** `inputs`, `outputs`: nodes' names. Throws the engine's sentence when it cannot take the graph. */
  static make(engine: Engine, model: GraphModelJson, weights: Uint8Array[], inputs: string[], outputs: string[]): GraphPlan {
    const named = (names: string[]) => {
      const endpoints: { [name: string]: { name: string } } = {};
      for (const name of names) endpoints[name] = { name };
      return endpoints;
    };
    const pieces = encodeNodeList({ ...model, signature: { inputs: named(inputs), outputs: named(outputs) } }, weights)();
    const handle = engine.modelOf('', 'the model', pieces);
    try {
      return new GraphPlan(engine, handle);
    } catch (error) {
      engine.tell('wxnn_model_free', handle);
      throw error;
    }
  }

  /** Throws the engine's sentence; the next run works. */
  run(backend: WxnnBackend, tensors: TfTensorInfo[]): TfTensorInfo[] {
    const { engine, handle } = this;
    const { calls } = backend;
    this.inputs.forEach(({ name, dtype }, i) => {
      if (tensors[i].dtype !== dtype) fail(`input "${name}" is ${tensors[i].dtype}, the graph wants ${dtype}`);
    });
    this.resize(tensors);
    tensors.forEach((x, i) => {
      const data = backend.dataOf(x.dataId);
      const pointer = data.pointer || backend.upload(data);
      const to = engine.demand('', 'wxnn_model_input', handle, i);
      calls.refresh();
      calls.u8.copyWithin(to, pointer, pointer + data.bytes);
    });
    engine.demand('', 'wxnn_model_run', handle);
    const results: TfTensorInfo[] = [];
    try {
      for (let i = 0; i < this.outputs; i++) results.push(this.read(backend, calls, i));
    } catch (error) {
      for (const { dataId } of results) backend.disposeData(dataId, true);
      throw error;
    }
    return results;
  }

  private resize(tensors: TfTensorInfo[]): void {
    const changed = tensors.map(({ shape }, i) => (this.shapes[i] === String(shape) ? undefined : shape));
    if (!changed.some((shape) => shape)) return;
    this.engine.resizeModel('', this.handle, changed);
    changed.forEach((shape, i) => {
      if (shape) this.shapes[i] = String(shape);
    });
  }

  private read(backend: WxnnBackend, calls: EagerCalls, index: number): TfTensorInfo {
    const { engine, handle } = this;
    const at = (engine.call('wxnn_model_output_shape', handle, index) >>> 0) >>> 2;
    calls.refresh();
    const rank = calls.i32[at];
    const shape = Array.from(calls.i32.subarray(at + 1, at + 1 + rank));
    const dtype = kDTypes[calls.i32[at + 1 + rank]] as TfDType;
    if (kSizes[dtype] === undefined) fail(`output ${index} is ${dtype}, which single tensors of the backend are not`);
    const data = backend.allocate(dtype, shape);
    const from = engine.call('wxnn_model_output', handle, index) >>> 0;
    calls.u8.copyWithin(data.pointer, from, from + data.bytes);
    return { dataId: data, shape, dtype };
  }

  dispose(): void {
    if (this.handle) this.engine.tell('wxnn_model_free', this.handle);
    this.handle = 0;
  }
}
