// A model on one backend, for chooseBackend: on the engine, on tfjs's executor, or as a list of kernel calls. Plain arrays in and out.
import { elements, fail, tagOf } from '../checks';
import type { Model, Tensor, TensorData, TensorInfo } from '../types';
import type { CallList } from './call_list';
import { endpointsOf } from './endpoints';
import type { Artifacts } from './endpoints';
import type { ConverterModule, HostGraphModel, HostTensor, HostTf } from './host_tf';
import { CallRunner } from './run_calls';
import { unlessLost } from './webgl';

export type Arrays = { [name: string]: TensorData };
export type Outputs = { [name: string]: Tensor };
export type Shapes = { [name: string]: number[] };

/** A model on one backend. */
export interface Runner {
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  /** `shapes`: of inputs that resize was told about. */
  run(inputs: Arrays, shapes: Shapes): Promise<Outputs>;
  dispose(): void;
}

export function engineRunner(model: Model): Runner {
  let known = '';
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    async run(inputs, shapes) {
      const key = JSON.stringify(shapes);
      if (key !== known && key !== '{}') model.resize(shapes);
      known = key;
      return model.run(inputs, { allowNaN: true });
    },
    dispose: () => model.dispose(),
  };
}

/** What both kinds on a tfjs backend have in common: `execute` gives the outputs in their order. */
interface Network {
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  execute(inputs: HostTensor[]): HostTensor[] | Promise<HostTensor[]>;
  dispose(): void;
}

/** Does `work` while the backend is the one in use. */
async function withBackend<T>(tf: HostTf, backend: string, work: () => T | Promise<T>): Promise<T> {
  const before = tf.engine().backendName;
  await tf.setBackend(backend);
  try {
    return await work();
  } finally {
    if (before && before !== backend) await tf.setBackend(before);
  }
}

function tfRunner(tf: HostTf, backend: string, { inputs, outputs, execute, dispose }: Network): Runner {
  const waiting = <T>(work: T | Promise<T>) => (backend === 'cpu' ? work : unlessLost(tf, Promise.resolve(work)));
  return {
    inputs,
    outputs,
    run: (given, shapes) => withBackend(tf, backend, async () => {
      const tensors: HostTensor[] = [];
      let results: HostTensor[] = [];
      try {
        for (const info of inputs) tensors.push(tf.tensor(given[info.name], shapeFor(info, given[info.name].length, shapes[info.name]), info.dtype));
        results = await waiting(execute(tensors));
        const found: Outputs = {};
        for (let i = 0; i < results.length; i++) {
          const { shape, dtype } = results[i];
          found[outputs[i].name] = { data: (await waiting(results[i].data())).slice(), shape, dtype: dtype as Tensor['dtype'] };
        }
        return found;
      } finally {
        tensors.concat(results).forEach((tensor) => tensor.dispose());
      }
    }),
    dispose,
  };
}

/** The graph as the engine has read it. */
export function listRunner(tf: HostTf, backend: string, list: CallList): Promise<Runner> {
  return withBackend(tf, backend, () => {
    const runner = new CallRunner(tf, list);
    const infos = (values: number[]) => values.map((value) => list.values[value]);
    return tfRunner(tf, backend, {
      inputs: infos(list.inputs), outputs: infos(list.outputs), execute: (inputs) => runner.run(inputs), dispose: () => runner.dispose(),
    });
  });
}

/** A tfjs graph model by tfjs's executor. */
export async function graphRunner(tf: HostTf, backend: string, converter: ConverterModule, artifacts: Artifacts): Promise<Runner> {
  const model: HostGraphModel = await withBackend(tf, backend, () => converter.loadGraphModel({ load: async () => artifacts }));
  const inputEnds = endpointsOf(artifacts, 'inputs', model.inputs.map(({ name }) => name));
  const outputEnds = endpointsOf(artifacts, 'outputs', model.outputs.map(({ name }) => name));
  const infoOf = ({ name, tensor }: { name: string; tensor: string }): TensorInfo => {
    const { shape = [], dtype = 'float32' } = model.inputs.concat(model.outputs).filter((info) => nodeOf(info.name) === nodeOf(tensor))[0] || {};
    return { name, shape, dtype: dtype as TensorInfo['dtype'] };
  };
  return tfRunner(tf, backend, {
    inputs: inputEnds.map(infoOf),
    outputs: outputEnds.map(infoOf),
    async execute(inputs) {
      const tensors: { [name: string]: HostTensor } = {};
      inputEnds.forEach(({ tensor }, i) => (tensors[tensor] = inputs[i]));
      const result = await model.executeAsync(tensors, outputEnds.map(({ tensor }) => tensor));
      return tagOf(result) === 'Array' ? (result as HostTensor[]) : [result as HostTensor];
    },
    dispose: () => model.dispose(),
  });
}

function nodeOf(tensor: string): string {
  return tensor.split(':')[0];
}

/**
 * The shape of an input with so many elements: `resized`, or the declared one, whose first open dimension takes what there is while
 * others count as 1. Refuses a number that fits neither.
 */
export function shapeFor({ name, shape }: TensorInfo, count: number, resized: readonly number[] = shape): number[] {
  let size = count / elements(resized.map((dimension) => (dimension < 0 ? 1 : dimension)));
  if (!(size === 1 || (Math.floor(size) === size && resized.some((dimension) => dimension < 0)))) fail(`input "${name}" [${resized}] cannot have ${count} values.`);
  return resized.map((dimension) => {
    if (dimension >= 0) return dimension;
    const own = size;
    size = 1;
    return own;
  });
}
