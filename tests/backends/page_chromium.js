'use strict';
// Runs inside the page of page.js: installs the plugin and makes canvases with faults.

/* exported installPlugin */
function installPlugin({ scripts, options }) {
  const storage = options.storage || {};
  const program = window.program = { storage, instantiations: [], contexts: [] };
  const bytesOf = async (url) => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`no ${url}`);
    return response.arrayBuffer();
  };
  const engine = window.WebAssembly;
  const WXWebAssembly = options.noWXWebAssembly ? undefined : {
    async instantiate(path, imports) {
      program.instantiations.push(path);
      const { instance } = await engine.instantiate(await bytesOf('/plugin' + path), imports);
      if (!options.traps || !/wxnn-/.test(path)) return instance;
      // The trap of a bug or of exhausted memory, in the run that the test names.
      const exports = { ...instance.exports };
      exports.wxnn_model_run = (...args) => {
        if (program.wasmTrap > 0 && --program.wasmTrap === 0) throw new engine.RuntimeError('unreachable');
        return instance.exports.wxnn_model_run(...args);
      };
      return { exports };
    },
  };
  const wx = {
    getSystemInfoSync: () => ({ platform: 'android', model: 'test', SDKVersion: '2.30.0' }),
    getStorageSync: (key) => storage[key] || '',
    setStorageSync: (key, value) => { storage[key] = value; },
    removeStorageSync: (key) => { delete storage[key]; },
    createOffscreenCanvas: () => window.makeCanvas(options.fault),
    getFileSystemManager: () => ({
      readFile: ({ filePath, success, fail }) => bytesOf(filePath).then((data) => success({ data }), (error) => fail({ errMsg: `readFile:fail ${error.message}` })),
    }),
  };
  const modules = {};
  const load = (name) => {
    if (!modules[name]) {
      modules[name] = { exports: {} };
      new Function('module', 'exports', 'require', 'wx', 'WXWebAssembly', 'WebAssembly', scripts[name])(modules[name], modules[name].exports, (other) => load(other.slice(2)), wx, WXWebAssembly, undefined);
    }
    return modules[name].exports;
  };
  window.wxnn = load('index.js');

  /** A canvas whose context has a fault: 'none', 'zeros', 'half', 'noFloat', 'absent'; `gl.loseAfter = n` loses it in the nth draw from then on, `gl.slow = ms` makes each draw take so long. */
  window.makeCanvas = (fault = 'none') => {
    const canvas = document.createElement('canvas');
    const original = canvas.getContext.bind(canvas);
    canvas.getContext = (type, attributes) => {
      if (fault === 'absent') return null;
      const gl = original(type, { ...attributes, failIfMajorPerformanceCaveat: false });
      if (gl && !program.contexts.includes(gl)) addFaults(gl, fault);
      return gl;
    };
    return canvas;
  };

  function addFaults(gl, fault) {
    program.contexts.push(gl);
    const { readPixels, getExtension, drawElements } = gl;
    gl.getExtension = (name) => (fault === 'noFloat' && /texture_float$/.test(name) ? null : getExtension.call(gl, name));
    gl.drawElements = (...args) => {
      if (gl.loseAfter > 0 && --gl.loseAfter === 0) getExtension.call(gl, 'WEBGL_lose_context').loseContext();
      for (const end = performance.now() + (gl.slow || 0); performance.now() < end;);
      drawElements.apply(gl, args);
    };
    gl.readPixels = (...args) => {
      readPixels.apply(gl, args);
      const pixels = args[6];
      const now = gl.faultNow || fault;
      if (now === 'zeros') pixels.fill(0);
      if (now === 'nan' && pixels instanceof Float32Array) pixels.fill(NaN);
      if (now === 'half' && pixels instanceof Float32Array) {
        // What is left of the numbers where the GPU keeps ten bits of mantissa.
        const bits = new Int32Array(pixels.buffer, pixels.byteOffset, pixels.length);
        for (let i = 0; i < bits.length; i++) bits[i] &= ~0x1fff;
      }
    };
  }

  window.readModel = async (id) => {
    const model = JSON.parse(new TextDecoder().decode(await bytesOf(`/models/${id}/model.json`)));
    const weights = await Promise.all(model.weightsManifest.flatMap(({ paths }) => paths).map((path) => bytesOf(`/models/${id}/${path}`)));
    return { model, weights };
  };

  /** A picture's input, other numbers for each seed. */
  window.sampleInput = (seed, length = 128 * 128 * 3) => Float32Array.from({ length }, () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed / 0x40000000 - 1;
  });

  /** The largest difference of two outputs, relative to the largest value. */
  window.differenceOf = (a, b) => {
    let worst = 0, largest = 0;
    for (const name of Object.keys(b)) {
      b[name].data.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value));
        const error = Math.abs(value - a[name].data[i]);
        if (!(error <= worst)) worst = error;
      });
    }
    return worst / largest;
  };
}

module.exports = { installPlugin };
