// Where tfjs calls a kernel otherwise than the engine names things. What is not here needs nothing.
import type { Tf, TfAttrs, TfTensorInfo } from './core';

export interface Row {
  /** The engine's attributes, or undefined when it cannot take these. */
  attrs?(attrs: TfAttrs, inputs: TfTensorInfo[], tf: Tf): TfAttrs | undefined;
  /** The output's shape where the data is shared; undefined leaves it to the engine. */
  shape?(x: TfTensorInfo, attrs: TfAttrs): number[] | undefined;
  /** How many outputs there are, where that is not a constant. */
  outputs?(inputs: TfTensorInfo[], attrs: TfAttrs): number;
}

const axisOf = (axis: unknown, rank: number) => ((axis as number) < 0 ? (axis as number) + rank : (axis as number));

/** tfjs gives the image back where the filter is one pixel and the sizes agree, however it is padded. */
function pooled(attrs: TfAttrs): TfAttrs | undefined {
  const isPoint = ([] as unknown[]).concat(attrs.filterSize).every((side) => side === 1);
  return isPoint && typeof attrs.pad !== 'string' && attrs.pad !== 0 ? undefined : attrs;
}

const isWhole = (n: unknown) => Math.floor(n as number) === n;

export const kRows: { [kernel: string]: Row | undefined } = {
  AvgPool: { attrs: pooled },
  MaxPool: { attrs: pooled },
  // tfjs draws a seed between 0 and 1 where the caller gives none; the engine's are whole.
  Multinomial: {
    attrs: (attrs) => ({ ...attrs, seed: isWhole(attrs.seed) ? attrs.seed : Math.floor((attrs.seed as number) * 0x7fffffff) }),
  },
  // TensorFlow's third output, how many are valid, is not tfjs's.
  NonMaxSuppressionV5: { outputs: () => 2 },
  Range: {
    attrs: (attrs) => ((attrs.stop as number) < (attrs.start as number) && attrs.step === 1 ? { ...attrs, step: -1 } : attrs),
  },
  // Called by the thousand, so without the engine where nothing is open.
  Identity: { shape: (x) => x.shape },
  Reshape: {
    shape(x, attrs) {
      const shape = attrs.shape as number[];
      let left = 1;
      for (const dimension of x.shape) left *= dimension;
      let count = 1;
      for (const dimension of shape) {
        if (!(dimension >= 0)) return undefined;
        count *= dimension;
      }
      return count === left ? shape.slice() : undefined;
    },
  },
  Reverse: {
    attrs({ dims }, [x]) {
      const axes = dims === undefined || dims === null ? x.shape.map((_, axis) => axis) : ([] as unknown[]).concat(dims);
      return axes.every(isWhole) ? { dims: axes } : undefined;
    },
  },
  SplitV: {
    outputs: (_, { numOrSizeSplits }) => (Array.isArray(numOrSizeSplits) ? numOrSizeSplits.length : (numOrSizeSplits as number)),
  },
  Unpack: {
    outputs: ([value], { axis }) => value.shape[axisOf(axis, value.shape.length)],
  },
  // Of a label twice in one operand tfjs says that it is not implemented; its own kernel says so.
  Einsum: {
    attrs: (attrs) => (/([a-z])[a-z]*\1[a-z]*(,|->)/i.test((attrs.equation as string).replace(/ /g, '')) ? undefined : attrs),
  },
  Fill: {
    attrs: (attrs) => (typeof attrs.value === 'string' || attrs.dtype === 'string' ? undefined : {
      ...attrs, dtype: attrs.dtype || (typeof attrs.value === 'boolean' ? 'bool' : 'float32'),
    }),
  },
};
