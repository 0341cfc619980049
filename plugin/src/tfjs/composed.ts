// tfjs kernels that are a few operators of the engine in a row, and those over complex tensors, which tfjs keeps as two.
import type { WxnnBackend } from './backend';
import type { TfAttrs, TfInputs, TfTensorInfo } from './core';

export interface Steps {
  readonly backend: WxnnBackend;
  /** Runs an operator of one output, whose result is disposed at the end unless it is returned. Throws Refused where the engine refuses. */
  call(op: string, inputs: TfTensorInfo[], attrs?: TfAttrs): TfTensorInfo;
  /** A tensor of one number. */
  scalar(value: number): TfTensorInfo;
}

/** Ends a row of steps: the CPU backend's kernel is asked instead. */
export class Refused extends Error {}

export interface Composed {
  run(steps: Steps, inputs: { [name: string]: TfTensorInfo }, attrs: TfAttrs): TfTensorInfo;
}

/** The two tensors that a complex one consists of. */
function partsOf(backend: WxnnBackend, { dataId }: TfTensorInfo): { real: TfTensorInfo; imag: TfTensorInfo } {
  const { complexTensorInfos: parts } = backend.dataOf(dataId);
  if (!parts) throw new Refused();
  return parts;
}

const size = (shape: number[]) => shape.reduce((count, dimension) => count * dimension, 1);

/** A tensor of its own with the same numbers. */
const copyOf = ({ call }: Steps, x: TfTensorInfo) => call('Cast', [x], { dtype: 'float32' });

export const kComposed: { [kernel: string]: Composed | undefined } = {
  AddN: {
    run({ call }, inputs) {
      const [first, ...others] = (inputs as unknown) as TfTensorInfo[];
      return others.reduce((sum, x) => call('Add', [sum, x]), call('Cast', [first], { dtype: first.dtype }));
    },
  },
  Complex: {
    run(steps, { real, imag }) {
      const { backend } = steps;
      const data = backend.adopt('complex64', undefined);
      try {
        data.complexTensorInfos = { real: copyOf(steps, real), imag: copyOf(steps, imag) };
      } catch (error) {
        backend.disposeData(data, true);
        throw error;
      }
      return { dataId: data, shape: real.shape, dtype: 'complex64' };
    },
  },
  ComplexAbs: {
    run({ backend, call, scalar }, { x }) {
      const { real, imag } = partsOf(backend, x);
      const sides = [call('Abs', [real]), call('Abs', [imag])];
      const longer = call('Maximum', sides);
      // Of the quotient, so that squares neither overflow nor vanish; 0 / 0 is kept from being NaN.
      const ratio = call('RealDiv', [call('Minimum', sides), call('Maximum', [longer, scalar(1.17549435e-38)])]);
      const length = call('Multiply', [longer, call('Sqrt', [call('Add', [call('Square', [ratio]), scalar(1)])])]);
      return { ...length, shape: x.shape };
    },
  },
  Diag: {
    run({ call }, { x }) {
      const n = size(x.shape);
      // A column of n with n zeros behind each: cut to n rows of n, the numbers stand on the diagonal.
      const padded = call('PadV2', [{ ...x, shape: [n, 1] }], { paddings: [[0, 0], [0, n]], constantValue: 0 });
      const square = call('Slice', [{ ...padded, shape: [n * (n + 1)] }], { begin: [0], size: [n * n] });
      return { ...square, shape: [...x.shape, ...x.shape] };
    },
  },
  EluGrad: {
    run({ call, scalar }, { dy, y }) {
      return call('Multiply', [dy, call('Add', [call('Minimum', [y, scalar(0)]), scalar(1)])]);
    },
  },
  FlipLeftRight: {
    run: ({ call }, { image }) => call('Reverse', [image], { dims: [2] }),
  },
  Imag: {
    run: (steps, { input }) => copyOf(steps, partsOf(steps.backend, input).imag),
  },
  Real: {
    run: (steps, { input }) => copyOf(steps, partsOf(steps.backend, input).real),
  },
};

/** Runs the row; gives undefined where the engine refuses a step. */
export function runComposed(
  { run }: Composed, backend: WxnnBackend, inputs: TfInputs, attrs: TfAttrs,
  call: (op: string, inputs: TfTensorInfo[], attrs: TfAttrs | undefined) => TfTensorInfo | undefined,
): TfTensorInfo | undefined {
  const made: TfTensorInfo[] = [];
  let result: TfTensorInfo | undefined;
  const keep = (x: TfTensorInfo) => {
    made.push(x);
    return x;
  };
  const steps: Steps = {
    backend,
    call(op, list, its) {
      const x = call(op, list, its);
      if (!x) throw new Refused();
      return keep(x);
    },
    scalar: (value) => keep({ dataId: backend.write(new Float32Array([value]), [], 'float32'), shape: [], dtype: 'float32' }),
  };
  try {
    result = run(steps, inputs as { [name: string]: TfTensorInfo }, attrs);
    return result;
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  } finally {
    const parts = result && backend.dataOf(result.dataId).complexTensorInfos;
    for (const { dataId } of made) {
      const isKept = result && (dataId === result.dataId || (parts && (dataId === parts.real.dataId || dataId === parts.imag.dataId)));
      if (!isKept) backend.disposeData(dataId, true);
    }
  }
}
