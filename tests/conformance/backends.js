'use strict';
// The backends that the suite can run on. Each is given tfjs-core and the folders of this version's packages.

const fs = require('node:fs');
const path = require('node:path');
const { modulesPath } = require('./one_core');

const ROOT = path.join(__dirname, '../..');

module.exports = {
  /** Ours, handed tf as a plugin is. @returns the name under which it registered */
  wxnn(tf, packages) {
    require(modulesPath(packages.cpu));
    require(ROOT).registerBackend(tf, { variant: process.env.WXNN_VARIANT || 'auto' });
    return 'wasm';
  },
  cpu(tf, packages) {
    require(modulesPath(packages.cpu));
    return 'cpu';
  },
  wasm(tf, packages) {
    require(modulesPath(packages.wasm));
    return 'wasm';
  },
  /** Keeps tensors and computes nothing: what passes on it needs no kernel. */
  none(tf) {
    tf.registerBackend('none', () => {
      const backend = new tf.KernelBackend();
      const data = new tf.DataStorage(backend, tf.engine());
      let next = 0;
      return Object.assign(backend, {
        write: (values, shape, dtype) => { const id = { id: next++ }; data.set(id, { values, dtype, refCount: 1 }); return id; },
        move: (id, values, shape, dtype, refCount) => data.set(id, { values, dtype, refCount }),
        refCount: (id) => (data.has(id) ? data.get(id).refCount : 0),
        incRef: (id) => { data.get(id).refCount++; },
        disposeData(id, force) {
          if (!data.has(id)) return true;
          if (--data.get(id).refCount > 0 && !force) return false;
          return data.delete(id);
        },
        numDataIds: () => data.numDataIds(),
        readSync: (id) => data.get(id).values,
        read: async (id) => data.get(id).values,
        memory: () => ({ unreliable: true, reasons: ['nothing is computed'] }),
        time: async (f) => { f(); return { kernelMs: 0 }; },
        floatPrecision: () => 32, epsilon: () => 1e-7, dispose() { /* nothing is kept */ }, timerAvailable: () => true,
      });
    });
    return 'none';
  },
  /** A module of one's own: exports (tf) => name. */
  file: (name) => (fs.existsSync(name) ? require(path.resolve(name)) : undefined),
};
