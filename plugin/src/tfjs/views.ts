// Operators that only give a tensor another shape: the data is shared, whatever its dtype.
import type { WxnnBackend } from './backend';
import type { OpInfo } from './calls';
import type { TfAttrs, TfTensorInfo } from './core';

export function viewOf(
  backend: WxnnBackend, op: number, info: OpInfo, list: (TfTensorInfo | undefined)[], count: number, attrs: TfAttrs | undefined,
): TfTensorInfo | undefined {
  const x = list[0];
  if (!x || x.shape.length > 8) return undefined;
  const { calls } = backend;
  calls.reserve(1);
  const numbers = calls.putAttrs(info, attrs);
  calls.put(0, 0, 0, x.shape);
  if (count > 1 || !calls.run(op, numbers, 1, 1)) return undefined;
  const rank = calls.slots[2];
  return shared(backend, x, Array.from(calls.slots.subarray(3, 3 + rank)));
}

/** The same data under another shape. */
export function shared(backend: WxnnBackend, x: TfTensorInfo, shape: number[]): TfTensorInfo {
  const data = backend.dataOf(x.dataId);
  data.refCount++;
  const { complexTensorInfos: parts } = data;
  if (parts) parts.real.shape = parts.imag.shape = shape;
  return { dataId: x.dataId, shape, dtype: x.dtype };
}

