// Images whose channels come before height and width: turned round, computed as the engine has them, and turned back.
import type { WxnnBackend } from './backend';
import type { EagerCalls, OpInfo } from './calls';
import type { TfAttrs, TfTensorInfo } from './core';

const kToLast = [0, 2, 3, 1];
const kToFirst = [0, 3, 1, 2];

const pick = (list: number[], order: number[]) => order.map((axis) => list[axis]);

/** Attributes that go by the image's dimensions. */
function turned(attrs: TfAttrs): TfAttrs {
  const turnedAttrs: TfAttrs = { ...attrs, dataFormat: 'NHWC' };
  if (attrs.inputShape) turnedAttrs.inputShape = pick(attrs.inputShape as number[], kToLast);
  if (Array.isArray(attrs.pad) && attrs.pad.length === 4) turnedAttrs.pad = kToLast.map((axis) => (attrs.pad as unknown[])[axis]);
  return turnedAttrs;
}

/** Undefined where the engine refuses. Only image inputs are turned: the first, which is 4-dimensional. */
export function channelsFirst(
  backend: WxnnBackend, calls: EagerCalls, op: number, info: OpInfo, list: (TfTensorInfo | undefined)[], count: number, attrs: TfAttrs,
): TfTensorInfo | undefined {
  const transpose = calls.ops.findIndex(({ name }) => name === 'Transpose');
  const image = list[0] as TfTensorInfo;
  // A bias or slope of more than one dimension goes by the image's too; the CPU backend knows how.
  if (transpose < 0 || image.shape.length !== 4 || list.slice(2, count).some((x) => x && x.shape.length > 1)) {
    backend.refusal = `${info.name} with channels first takes no such bias`;
    return undefined;
  }
  const turn = (x: TfTensorInfo, perm: number[]) => {
    const results = backend.runOp(transpose, calls.ops[transpose], [x], 1, { perm }, 1);
    return results && results[0];
  };
  const others = list.slice(1, count);
  const x = turn(image, kToLast);
  if (!x) return undefined;
  const results = backend.runOp(op, info, [x, ...others], count, turned(attrs), 1);
  backend.disposeData(x.dataId, true);
  const y = results && turn(results[0], kToFirst);
  if (results) backend.disposeData(results[0].dataId, true);
  return y;
}
