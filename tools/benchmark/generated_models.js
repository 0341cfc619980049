'use strict';
// Networks whose trained weights no npm package has, written from their papers with seeded random weights (He-scaled, batch
// normalisation folded away): what they compute is noise, what they cost is real.
//   MobileNetV1  Howard et al. 2017, arXiv:1704.04861, table 1
//   MobileNetV2  Sandler et al. 2018, arXiv:1801.04381, table 2
//   BodyPix      MobileNetV1 0.75 of output stride 16 with heads of 1, 24 and 34 channels, at 257 x 257

const fs = require('fs');
const path = require('path');

/** Builds a tfjs graph model node by node. */
class GraphWriter {
  constructor(size, seed) {
    this.nodes = [{name: 'input', op: 'Placeholder', attr: {dtype: {type: 'DT_FLOAT'}, shape: {shape: {dim: [1, size, size, 3].map((d) => ({size: String(d)}))}}}}];
    this.weights = [];
    this.parts = [];
    this.state = seed;
  }

  /** Uniform in [-limit, limit). */
  random(count, limit) {
    return Float32Array.from({length: count}, () => {
      this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
      return (this.state / 2 ** 31 - 1) * limit;
    });
  }

  constant(name, shape, data) {
    const int32 = data instanceof Int32Array;
    this.weights.push({name, shape, dtype: int32 ? 'int32' : 'float32'});
    this.parts.push(Buffer.from(data.buffer));
    this.nodes.push({name, op: 'Const', attr: {dtype: {type: int32 ? 'DT_INT32' : 'DT_FLOAT'}}});
    return name;
  }

  node(name, op, input, attr = {}) {
    this.nodes.push({name, op, input, attr: {T: {type: 'DT_FLOAT'}, ...attr}});
    return name;
  }

  /** kind: 'Conv2D' or 'DepthwiseConv2dNative'; activation: 'Relu6', or none. */
  conv(name, x, kind, [size, from, to], {stride = 1, dilation = 1, activation = 'Relu6'} = {}) {
    const depthwise = kind !== 'Conv2D';
    const taps = size * size * (depthwise ? 1 : from);
    const shape = depthwise ? [size, size, from, 1] : [size, size, from, to];
    const filter = this.constant(`${name}/w`, shape, this.random(shape.reduce((a, b) => a * b), Math.sqrt(6 / taps)));
    const bias = this.constant(`${name}/b`, [to], this.random(to, 0.1));
    const list = (numbers) => ({list: {i: numbers.map(String)}});
    const texts = ['BiasAdd', activation].filter(Boolean).map((t) => Buffer.from(t).toString('base64'));
    return this.node(name, depthwise ? 'FusedDepthwiseConv2dNative' : '_FusedConv2D', [x, filter, bias], {
      strides: list([1, stride, stride, 1]), dilations: list([1, dilation, dilation, 1]),
      padding: {s: Buffer.from('SAME').toString('base64')}, data_format: {s: Buffer.from('NHWC').toString('base64')},
      fused_ops: {list: {s: texts}}, num_args: {i: '1'}, epsilon: {f: 0}, explicit_paddings: {list: {}},
    });
  }

  /** Mean over the picture, then a fully connected layer and softmax. */
  classify(x, channels, classes) {
    const axes = this.constant('axes', [2], Int32Array.from([1, 2]));
    const mean = this.node('mean', 'Mean', [x, axes], {keep_dims: {b: false}, Tidx: {type: 'DT_INT32'}});
    const w = this.constant('fc/w', [channels, classes], this.random(channels * classes, Math.sqrt(6 / channels)));
    const product = this.node('fc', 'MatMul', [mean, w], {transpose_a: {b: false}, transpose_b: {b: false}});
    return this.node('softmax', 'Softmax', [product]);
  }

  write(folder, outputs) {
    const signature = {
      inputs: {input: {name: 'input:0', dtype: 'DT_FLOAT', tensorShape: this.nodes[0].attr.shape.shape}},
      outputs: Object.fromEntries(outputs.map((name) => [name, {name: `${name}:0`, dtype: 'DT_FLOAT'}])),
    };
    fs.mkdirSync(folder, {recursive: true});
    fs.writeFileSync(path.join(folder, 'weights.bin'), Buffer.concat(this.parts));
    fs.writeFileSync(path.join(folder, 'model.json'), JSON.stringify({
      format: 'graph-model', generatedBy: 'wxnn tools/benchmark', convertedBy: null, signature,
      modelTopology: {node: this.nodes, versions: {producer: 440}}, weightsManifest: [{paths: ['weights.bin'], weights: this.weights}],
    }));
  }
}

/** Output channels and stride of MobileNetV1's 13 pairs of depthwise and 1x1 convolutions. */
const PAIRS = [[64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2], [512, 1], [512, 1], [512, 1], [512, 1], [512, 1], [1024, 2], [1024, 1]];

/** @param {number} outputStride further strides become dilations */
function mobileNetV1Trunk(graph, multiplier, outputStride) {
  const width = (channels) => Math.round(channels * multiplier);
  let x = graph.conv('conv0', 'input', 'Conv2D', [3, 3, width(32)], {stride: 2});
  let channels = width(32), stride = 2, dilation = 1;
  PAIRS.forEach(([to, step], i) => {
    const strided = stride * step <= outputStride;
    x = graph.conv(`dw${i}`, x, 'DepthwiseConv2dNative', [3, channels, channels], {stride: strided ? step : 1, dilation});
    if (strided) stride *= step;
    else dilation *= step;
    x = graph.conv(`pw${i}`, x, 'Conv2D', [1, channels, width(to)]);
    channels = width(to);
  });
  return {x, channels};
}

function mobileNetV1(folder) {
  const graph = new GraphWriter(224, 1);
  const {x, channels} = mobileNetV1Trunk(graph, 1, 32);
  graph.write(folder, [graph.classify(x, channels, 1000)]);
}

function bodyPix(folder) {
  const graph = new GraphWriter(257, 2);
  const {x, channels} = mobileNetV1Trunk(graph, 0.75, 16);
  graph.write(folder, Object.entries({segments: 1, parts: 24, offsets: 34}).map(([name, to]) =>
    graph.conv(name, x, 'Conv2D', [1, channels, to], {activation: ''})));
}

/** Expansion, channels, repeats, stride of MobileNetV2's stages. */
const STAGES = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]];

function mobileNetV2(folder) {
  const graph = new GraphWriter(224, 3);
  let x = graph.conv('conv0', 'input', 'Conv2D', [3, 3, 32], {stride: 2});
  let channels = 32, block = 0;
  for (const [expansion, to, repeats, first] of STAGES) {
    for (let i = 0; i < repeats; i++, block++) {
      const stride = i === 0 ? first : 1, wide = channels * expansion;
      let y = expansion === 1 ? x : graph.conv(`b${block}/expand`, x, 'Conv2D', [1, channels, wide]);
      y = graph.conv(`b${block}/dw`, y, 'DepthwiseConv2dNative', [3, wide, wide], {stride});
      y = graph.conv(`b${block}/project`, y, 'Conv2D', [1, wide, to], {activation: ''});
      x = stride === 1 && channels === to ? graph.node(`b${block}/add`, 'AddV2', [x, y]) : y;
      channels = to;
    }
  }
  x = graph.conv('conv1', x, 'Conv2D', [1, channels, 1280]);
  graph.write(folder, [graph.classify(x, 1280, 1000)]);
}

/** Models by name; each writes model.json and weights.bin into a folder. */
module.exports = {'mobilenetv1-gen': mobileNetV1, 'mobilenetv2-gen': mobileNetV2, 'bodypix-gen': bodyPix};
