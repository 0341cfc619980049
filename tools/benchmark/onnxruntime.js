'use strict';
// onnxruntime-web with a model and its input.json (model_files.js), opened alike in Node and in Chromium.

/**
 * @param {typeof import('onnxruntime-web')} ort one thread is what all peers have
 * @param {Uint8Array} bytes @param {{name: string, shape: number[]}} input
 * @returns {Promise<import('./peer.js').Opened>}
 */
async function openOnnxruntime(ort, bytes, {name, shape}) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(bytes, {executionProviders: ['wasm'], logSeverityLevel: 3});
  const run = async (data) => {
    const results = await session.run({[name]: new ort.Tensor('float32', data, shape)});
    return session.outputNames.map((output) => ({shape: results[output].dims, data: results[output].data}));
  };
  return {length: shape.reduce((n, d) => n * d, 1), run};
}

module.exports = {openOnnxruntime};
