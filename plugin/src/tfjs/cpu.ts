// The CPU backend's kernels on this backend's data: they are given an object that behaves as their own backend, with all of its
// methods, but keeps its data here. Values are copied out of the heap when such a kernel asks for them; its results stay JavaScript's
// until the engine needs them.
import { fail } from '../checks';
import type { WxnnBackend } from './backend';
import type { Tf, TfDType, TfTensorInfo, TfValues } from './core';

const views = new WeakMap<WxnnBackend, object>();

export function cpuView(tf: Tf, backend: WxnnBackend): object {
  const known = views.get(backend);
  if (known) return known;
  const factory = tf.findBackendFactory('cpu');
  const cpu = factory && factory();
  if (!cpu || typeof (cpu as Promise<unknown>).then === 'function') return fail('the CPU backend\'s kernels are loaded, but not the backend itself.');
  const view = Object.assign(Object.create(cpu as object), {
    firstUse: false,  // it would greet
    data: {
      get: (dataId: object) => backend.dataOf(dataId),
      set(dataId: object, { values, dtype, refCount }: { values: TfValues | undefined; dtype: TfDType; refCount: number }) {
        const data = backend.adopt(dtype, values || undefined);
        data.refCount = refCount;
        backend.storage.set(dataId, data);
      },
      has: (dataId: object) => backend.refCount(dataId) > 0,
      delete: (dataId: object) => backend.disposeData(dataId, true),
      numDataIds: () => backend.numDataIds(),
    },
    disposeData: (dataId: object, force?: boolean) => backend.disposeData(dataId, force),
    disposeIntermediateTensorInfo: (info: TfTensorInfo) => backend.disposeData(info.dataId),
    readSync: (dataId: object) => backend.readSync(dataId),
  });
  views.set(backend, view);
  return view;
}
