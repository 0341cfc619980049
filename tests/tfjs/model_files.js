'use strict';
// tfjs graph models from disk as tf.io handlers, and small graphs written out with seeded weights.

const fs = require('node:fs');
const path = require('node:path');

/** A model.json beside its shards, as tfjs's artifacts. */
function readArtifacts(file) {
  const { modelTopology, weightsManifest, format, signature, userDefinedMetadata } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const shards = weightsManifest.flatMap(({ paths }) => paths).map((name) => fs.readFileSync(path.join(path.dirname(file), name)));
  const weightData = Uint8Array.from(Buffer.concat(shards)).buffer;
  return { modelTopology, format, signature, userDefinedMetadata, weightSpecs: weightsManifest.flatMap(({ weights }) => weights), weightData };
}

const handler = (artifacts) => ({ load: async () => artifacts });

/** Numbers in [-1, 1) from the seed alone. */
function randoms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x80000000 - 1;
  };
}

const text = (s) => ({ s: Buffer.from(s).toString('base64') });
const ints = (...i) => ({ list: { i: i.map(String) } });
const shapeOf = (dims) => ({ dim: dims.map((size) => ({ size: String(size) })) });

/** A graph that grows node by node. */
class GraphBuilder {
  constructor(seed = 1, artifacts = { modelTopology: { node: [], versions: { producer: 1 } }, weightSpecs: [], weightData: new ArrayBuffer(0) }) {
    this.next = randoms(seed);
    this.nodes = [...artifacts.modelTopology.node];
    this.versions = artifacts.modelTopology.versions || { producer: 1 };
    this.specs = [...artifacts.weightSpecs];
    this.parts = [Buffer.from(artifacts.weightData)];
  }

  node(name, op, input, attr = {}) {
    this.nodes.push({ name, op, input, attr: { T: { type: 'DT_FLOAT' }, ...attr } });
    return name;
  }

  placeholder(name, dims, type = 'DT_FLOAT') {
    this.nodes.push({ name, op: 'Placeholder', attr: { dtype: { type }, shape: { shape: shapeOf(dims) } } });
    return name;
  }

  constant(name, dims, values, dtype = 'float32') {
    const data = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
    this.nodes.push({ name, op: 'Const', attr: { dtype: { type: dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT' } } });
    this.specs.push({ name, shape: dims, dtype });
    this.parts.push(Buffer.from(data.buffer));
    return name;
  }

  weight(name, dims) {
    const count = dims.reduce((n, d) => n * d, 1);
    const scale = Math.sqrt(3 * dims[dims.length - 1] / count);
    return this.constant(name, dims, Array.from({ length: count }, () => scale * this.next()));
  }

  conv(name, x, channels, outputs, { kernel = 3, stride = 1, activation = 'Relu6' } = {}) {
    const ops = activation ? ['BiasAdd', activation] : ['BiasAdd'];
    return this.node(name, '_FusedConv2D', [x, this.weight(`${name}/w`, [kernel, kernel, channels, outputs]), this.weight(`${name}/b`, [outputs])], {
      strides: ints(1, stride, stride, 1), padding: text('SAME'), data_format: text('NHWC'), dilations: ints(1, 1, 1, 1),
      num_args: { i: '1' }, fused_ops: { list: { s: ops.map((op) => text(op).s) } },
    });
  }

  concat(name, inputs, axis) {
    return this.node(name, 'ConcatV2', [...inputs, this.constant(`${name}/axis`, [], [axis], 'int32')], { N: { i: String(inputs.length) }, Tidx: { type: 'DT_INT32' } });
  }

  /** @param {string[]} outputs */
  artifacts(outputs) {
    const ends = Object.fromEntries(outputs.map((name) => [name, { name }]));
    const inputs = this.nodes.filter(({ op }) => op === 'Placeholder').map(({ name, attr }) => [name, { name, dtype: attr.dtype.type, tensorShape: attr.shape.shape }]);
    return {
      format: 'graph-model', modelTopology: { node: this.nodes, versions: this.versions }, weightSpecs: this.specs,
      weightData: Uint8Array.from(Buffer.concat(this.parts)).buffer, signature: { inputs: Object.fromEntries(inputs), outputs: ends },
    };
  }
}

module.exports = { GraphBuilder, handler, ints, randoms, readArtifacts, text };
