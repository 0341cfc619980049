// tfjs's GraphModel with its graph run by the engine in one kernel. All of GraphModel stays as it is: only its executor's two
// functions are replaced, which check their arguments by tfjs's own code, and leave to tfjs whatever the engine cannot take.
import { asBytes, fail } from '../checks';
import type { GraphModelJson } from '../node_list';
import type { EngineReport } from '../types';
import type { WxnnBackend } from './backend';
import type { Tf, TfTensor, TfTensorInfo } from './core';
import { GraphPlan } from './graph_plan';

export const kGraphKernel = 'WxnnGraph';
/** Each holds packed weights of its own. */
const kMostPlans = 4;

type Tensors = { [name: string]: TfTensor };

/** tfjs's GraphExecutor; what is optional is private there. */
interface Executor {
  execute(inputs: Tensors, outputs: string[]): TfTensor[];
  executeAsync(inputs: Tensors, outputs: string[]): Promise<TfTensor[]>;
  dispose(): void;
  disposeIntermediateTensors?(): void;
  mapInputs?(inputs: Tensors): Tensors;
  checkInputs?(inputs: Tensors): void;
  checkInputShapeAndType?(inputs: Tensors): void;
  mapOutputs?(outputs: string[]): string[];
  checkOutputs?(outputs: string[]): void;
  graph?: MappedGraph;
}

/** What tfjs has made of the topology: its operators are of the category 'custom' where the application registered them. */
interface MappedGraph {
  nodes: { [name: string]: { op: string; category?: string } };
  functions?: { [name: string]: MappedGraph };
}

interface Artifacts extends GraphModelJson {
  weightData?: ArrayBuffer | ArrayBuffer[];
  weightSpecs?: { name: string }[];
  modelInitializer?: { node?: unknown };
}

export interface TfGraphModel {
  executor: Executor;
  artifacts: Artifacts;
  readonly weights: { [name: string]: TfTensor[] };
  readonly outputNodes: string[];
  loadOptions?: { useEngine?: boolean };
  /** False leaves this model to tfjs's executor. */
  useEngine?: boolean;
  engineReport?: EngineReport;
}

/** The graph's weights, as loaded or from the tensors where the model was streamed. */
function weightsOf({ artifacts, weights }: TfGraphModel): { json: GraphModelJson; parts: Uint8Array[] } {
  const { weightData, weightSpecs } = artifacts;
  if (weightData && weightSpecs) {
    const parts = (Array.isArray(weightData) ? weightData : [weightData]).map((part) => asBytes(part) as Uint8Array);
    return { json: { ...artifacts, weightsManifest: [{ weights: weightSpecs }] }, parts };
  }
  const specs: { name: string; shape: number[]; dtype: string }[] = [];
  const parts = Object.keys(weights).map((name) => {
    const [tensor] = weights[name];
    specs.push({ name, shape: tensor.shape, dtype: tensor.dtype });
    const values = tensor.dataSync();
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  });
  return { json: { ...artifacts, weightsManifest: [{ weights: specs }] }, parts };
}

/** Operators that the application registered, also in place of tfjs's own: only tfjs knows what they do. */
function customOps({ nodes, functions = {} }: MappedGraph): string[] {
  const own = Object.keys(nodes).map((name) => nodes[name]).filter(({ category }) => category === 'custom').map(({ op }) => op);
  return Object.keys(functions).reduce((ops, name) => ops.concat(customOps(functions[name])), own);
}

/** Why this run is tfjs's, before any plan is looked for; empty when it may be the engine's. */
function hindrance(tf: Tf, model: TfGraphModel): string {
  if (model.useEngine === false || (model.loadOptions && model.loadOptions.useEngine === false)) return 'useEngine is false for this model';
  const backend = tf.backend() as Partial<WxnnBackend>;
  if (!backend.calls || !tf.getKernel(kGraphKernel, tf.getBackend())) return `the backend is ${tf.getBackend()}`;
  if (model.artifacts.modelInitializer && model.artifacts.modelInitializer.node) return 'the graph has tables that tfjs initializes';
  const { executor } = model;
  if (!executor.mapInputs || !executor.checkInputs || !executor.checkInputShapeAndType || !executor.mapOutputs || !executor.checkOutputs) {
    return 'this tfjs-converter checks inputs in another way';
  }
  if (tf.engine().isTapeOn()) return 'gradients are asked for';
  return keepsIntermediates(tf) ? 'KEEP_INTERMEDIATE_TENSORS is set' : '';
}

function keepsIntermediates(tf: Tf): boolean {
  try {
    return tf.env().getBool('KEEP_INTERMEDIATE_TENSORS');
  } catch {
    return false;  // a tfjs that does not know the flag
  }
}

/** The kernel that runs a plan; its inputs are in the plan's order. */
export function runGraph({ inputs, backend, attrs }: { inputs: object; backend: unknown; attrs?: object }): TfTensorInfo[] {
  const list = inputs as TfTensorInfo[];
  const { plan, count } = attrs as { plan: GraphPlan; count: number };
  const tensors: TfTensorInfo[] = [];
  for (let i = 0; i < count; i++) tensors.push(list[i]);
  return plan.run(backend as WxnnBackend, tensors);
}

/** Hands the model's runs to the engine. Calling it again does nothing. */
export function attach(tf: Tf, model: TfGraphModel): void {
  if (model.engineReport) return;
  const { executor } = model;
  const report: EngineReport = { ranBy: 'nothing yet', reason: '', runs: { engine: 0, tfjs: 0 }, plans: 0 };
  const plans = new Map<string, GraphPlan | string>();
  const forget = () => {
    plans.forEach((plan) => typeof plan !== 'string' && plan.dispose());
    plans.clear();
    report.plans = 0;
  };
  const placeholders = placeholdersOf(model.artifacts);
  const custom = executor.graph ? customOps(executor.graph) : [];

  function planFor(inputs: string[], outputs: string[]): GraphPlan | string {
    const { engine } = (tf.backend() as WxnnBackend).calls;
    const key = `${inputs.join()}--${outputs.join()}`;
    const known = plans.get(key);
    if (typeof known === 'string' || (known && known.engine === engine)) return known;
    if (plans.size >= kMostPlans || known) forget();
    const plan = makePlan();
    plans.set(key, plan);
    report.plans = plans.size;
    return plan;

    function makePlan(): GraphPlan | string {
      const fed = inputs.find((name) => !placeholders[name.split(':')[0]]);
      if (fed) return `"${fed}" is given although the graph computes it`;
      try {
        const { json, parts } = weightsOf(model);
        return GraphPlan.make(engine, json, parts, inputs, outputs);
      } catch (error) {
        return (error as Error).message;
      }
    }
  }

  /** Undefined when tfjs is to run it; report.reason says why. */
  function runByEngine(given: Tensors, wanted: string[]): TfTensor[] | undefined {
    report.reason = hindrance(tf, model) || (custom.length ? `${custom[0]} is an operator that the application registered` : '');
    if (report.reason) return undefined;
    if (executor.disposeIntermediateTensors) executor.disposeIntermediateTensors();
    const inputs = executor.mapInputs!(given);
    executor.checkInputs!(inputs);
    executor.checkInputShapeAndType!(inputs);
    let outputs = executor.mapOutputs!(wanted);
    executor.checkOutputs!(outputs);
    if (outputs.length === 0) outputs = model.outputNodes;
    const names = Object.keys(inputs).sort();
    const plan = planFor(names, outputs);
    if (typeof plan === 'string') {
      report.reason = plan;
      return undefined;
    }
    try {
      const tensors: Tensors = {};
      names.forEach((name, i) => (tensors[i] = inputs[name]));
      return tf.engine().runKernel(kGraphKernel, tensors, { plan, count: names.length } as unknown as { [name: string]: unknown }) as TfTensor[];
    } catch (error) {
      report.reason = (error as Error).message;
      return undefined;
    }
  }

  function run<T>(inputs: Tensors, outputs: string[], otherwise: () => T): TfTensor[] | T {
    const results = runByEngine(inputs, outputs);
    report.ranBy = results ? 'engine' : 'tfjs';
    report.runs[report.ranBy]++;
    return results || otherwise();
  }

  const { execute, executeAsync, dispose } = executor;
  executor.execute = (inputs, outputs) => run(inputs, outputs, () => execute.call(executor, inputs, outputs));
  executor.executeAsync = async (inputs, outputs) => run(inputs, outputs, () => executeAsync.call(executor, inputs, outputs));
  executor.dispose = () => {
    forget();
    model.useEngine = false;
    dispose.call(executor);
  };
  model.engineReport = report;
}

function placeholdersOf({ modelTopology }: Artifacts): { [name: string]: boolean } {
  const found: { [name: string]: boolean } = Object.create(null);
  const nodes = ((modelTopology && modelTopology.node) || []) as { name: string; op: string }[];
  for (const { name, op } of nodes) if (/^Placeholder/.test(op)) found[name] = true;
  return found;
}

export interface Converter {
  GraphModel: { prototype: { loadSync?: unknown; loadStreaming?: unknown } } & (new (source: unknown, options: unknown, io?: unknown) => TfGraphModel & { load(): unknown });
}

type Loader = (this: TfGraphModel, artifacts: Artifacts) => unknown;

/** GraphModel's functions that finish loading, followed by attach. */
export function loaders(tf: Tf, { GraphModel }: Converter): { [name: string]: Loader } {
  const found: { [name: string]: Loader } = {};
  const prototype = GraphModel.prototype as unknown as { [name: string]: Loader | undefined };
  for (const name of ['loadSync', 'loadStreaming']) {
    const original = prototype[name];
    if (!original) continue;
    found[name] = function (artifacts) {
      const backend = tf.backend() as Partial<WxnnBackend>;
      if (backend.calls) backend.holdsWrites = name === 'loadSync';
      let done: unknown;
      try {
        done = original.call(this, artifacts);
      } finally {
        if (backend.calls) backend.holdsWrites = false;
      }
      if (!done || typeof (done as Promise<unknown>).then !== 'function') {
        checkCopies(tf, this);
        attach(tf, this);
        return done;
      }
      return (done as Promise<unknown>).then((value) => {
        attach(tf, this);
        return value;
      });
    };
  }
  return found;
}

function checkCopies(tf: Tf, model: TfGraphModel): void {
  const [first] = Object.keys(model.weights);
  const { tensorInfo } = (tf.engine() as unknown as { state?: { tensorInfo?: WeakMap<object, unknown> } }).state || {};
  if (first && tensorInfo && !tensorInfo.has(model.weights[first][0].dataId)) {
    fail('the tfjs-converter uses another copy of tfjs-core than the tf that wxnn was given: install one version of both.');
  }
}

/** Refuses what is not tfjs-converter. */
export function checkConverter(value: unknown): Converter {
  const converter = value as Converter;
  if (!converter || typeof converter.GraphModel !== 'function' || typeof converter.GraphModel.prototype.loadSync !== 'function') {
    fail('converter must be the @tensorflow/tfjs-converter module (or tf of @tensorflow/tfjs).');
  }
  return converter;
}
