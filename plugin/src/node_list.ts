// A tfjs graph model as the node list that the engine reads: the binary form of a TensorFlow graph that
// native/formats/node_list.h describes. Only the JSON is decoded here; what each operator means is C++'s.
import { asBytes, elements, joinBytes, lengthOf, viewsOf } from './checks';
import { base64Decode, utf8Encode } from './text';
import type { Bytes } from './types';

const kMagic = 0x4c4e5857;  // "WXNL"
const kVersion = 1;
const kUnknownRank = -1;

/** TensorFlow's DataTypes, each at its number. */
const kTypes = ' FLOAT DOUBLE INT32 UINT8 INT16 INT8 STRING COMPLEX64 INT64 BOOL       UINT16  HALF RESOURCE VARIANT UINT32 UINT64'.split(' ');
const enum Type { Float = 1, Double, Int32, Uint8, Int16, Int8, String, Complex64, Int64, Bool, Uint16 = 17, Half = 19 }

/** tfjs's names for weights, and the bytes of an element. */
const kWeightTypes: { [name: string]: [number, number] } = {
  float32: [Type.Float, 4], int32: [Type.Int32, 4], bool: [Type.Bool, 1], complex64: [Type.Complex64, 8],
  uint8: [Type.Uint8, 1], uint16: [Type.Uint16, 2], float16: [Type.Half, 2], string: [Type.String, 0],
};

const enum Kind { Numbers = 1, Text = 2, Texts = 3, Shape = 4, Types = 5, Tensor = 6, Function = 7 }

interface Shape { dim?: { size?: string | number }[]; unknownRank?: boolean }
interface Attr {
  i?: string | number; f?: string | number; b?: boolean; s?: string; type?: string | number; shape?: Shape;
  tensor?: TensorProto; func?: { name: string };
  list?: { i?: (string | number)[]; f?: (string | number)[]; b?: boolean[]; s?: string[]; type?: (string | number)[] };
}
interface TensorProto {
  dtype?: string; tensorShape?: Shape; tensorContent?: string; floatVal?: number[]; intVal?: number[]; boolVal?: boolean[];
  doubleVal?: number[]; int64Val?: (string | number)[];
}
interface GraphNode { name: string; op: string; input?: string[]; attr?: { [name: string]: Attr } }
interface Endpoint { name?: string; dtype?: string | number; tensorShape?: Shape }
interface Signature { inputs?: { [key: string]: Endpoint } | null; outputs?: { [key: string]: Endpoint } | null }
interface FunctionDef {
  signature?: { name?: string; inputArg?: { name: string }[]; outputArg?: { name: string }[] };
  nodeDef?: GraphNode[]; ret?: { [name: string]: string };
}
interface Weight {
  name: string; shape: number[]; dtype: string; quantization?: { dtype: string; scale?: number; min?: number };
}
export interface GraphModelJson {
  modelTopology?: { node?: unknown; library?: { function?: FunctionDef[] }; model_config?: unknown };
  modelInitializer?: { node?: unknown };
  format?: string;
  weightsManifest?: { weights?: unknown }[];
  signature?: Signature;
  userDefinedMetadata?: { signature?: Signature };
}

/** Bytes that grow; everything is little-endian and starts at a multiple of 4. */
class Writer {
  private bytes = new Uint8Array(1 << 16);
  private view = new DataView(this.bytes.buffer);
  length = 0;

  private reserve(more: number): number {
    const at = this.length;
    this.length = at + ((more + 3) & ~3);
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }
  u32(value: number): void { const at = this.reserve(4); this.view.setUint32(at, value, true); }
  f64(value: number): void { const at = this.reserve(8); this.view.setFloat64(at, value, true); }
  /** Their number, and bytes. */
  raw(data: Uint8Array): void {
    this.u32(data.length);
    const at = this.reserve(data.length);
    this.bytes.set(data, at);
  }
  text(value: string): void { this.raw(utf8Encode(value)); }
  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.u32(items.length);
    items.forEach(write);
  }
  shape(dims: readonly number[] | undefined): void {
    if (!dims) this.u32(kUnknownRank);
    else this.list(dims, (d) => this.u32(d));
  }
  patch(at: number, value: number): void { this.view.setUint32(at, value, true); }
  result(): Uint8Array { return this.bytes.subarray(0, this.length); }
}

function typeNumber(type: string | number | undefined): number {
  if (typeof type === 'number') return type;
  return Math.max(0, kTypes.indexOf((type || '').replace(/^DT_/, '')));
}

function dimensions(shape: Shape | undefined): number[] | undefined {
  if (!shape || shape.unknownRank) return undefined;
  return (shape.dim || []).map((dim) => Number(dim.size || 0));
}

/** A constant inside the graph's own text, as frozen graphs have them. */
function tensorBytes(tensor: TensorProto, name: string): Uint8Array {
  if (tensor.tensorContent) return base64Decode(tensor.tensorContent);
  const count = elements(dimensions(tensor.tensorShape) || []);
  const fill = (values: (number | string | boolean)[] | undefined, into: { [i: number]: number; length: number; buffer: ArrayBufferLike }) => {
    const last = values && values.length ? Number(values[values.length - 1]) : 0;
    for (let i = 0; i < into.length; i++) into[i] = values && i < values.length ? Number(values[i]) : last;
    return new Uint8Array(into.buffer as ArrayBuffer);
  };
  const type = typeNumber(tensor.dtype);
  if (type === Type.Float) return fill(tensor.floatVal, new Float32Array(count));
  if (type === Type.Double) return fill(tensor.doubleVal, new Float64Array(count));
  if (type === Type.Int32) return fill(tensor.intVal, new Int32Array(count));
  if (type === Type.Bool) return fill(tensor.boolVal, new Uint8Array(count));
  if (type === Type.Int64) {
    const halves = new Int32Array(2 * count);
    const values = new Float64Array(count);
    fill(tensor.int64Val, values);
    values.forEach((value, i) => { halves[2 * i] = value | 0; halves[2 * i + 1] = Math.floor(value / 4294967296); });
    return new Uint8Array(halves.buffer);
  }
  throw new Error(`node "${name}" (Const) holds ${tensor.dtype || 'no type'}, which cannot be read from model.json.`);
}

function checkNode(node: GraphNode): void {
  if (!node || typeof node.name !== 'string' || typeof node.op !== 'string') throw new Error('a node of "modelTopology" has no name or op.');
  const { input = [] } = node;
  if (!Array.isArray(input) || !input.every((name) => typeof name === 'string')) throw new Error(`node "${node.name}" (${node.op}) has inputs that are no list of names.`);
}

class Encoder {
  private out = new Writer();
  /** Constants that the graph's own text holds; behind the shards. */
  private held: Uint8Array[] = [];
  private weightNames: { [name: string]: boolean } = Object.create(null);

  /** `there`: bytes of the weights so far. */
  constructor(private nodes: GraphNode[], private parts: Uint8Array[], private there: number) {}

  encode(model: GraphModelJson): () => Uint8Array[] {
    const { out } = this;
    const weights: Weight[] = [];
    for (const group of model.weightsManifest || []) weights.push(...((group.weights || []) as Weight[]));
    for (const weight of weights) this.weightNames[weight.name] = true;
    [kMagic, kVersion, 0, 0].forEach((word) => out.u32(word));
    this.endpoints(model.signature || (model.userDefinedMetadata || {}).signature || {});
    this.weights(weights);
    this.nodeList(this.nodes.concat(this.initializer(model)));
    const { library } = model.modelTopology!;
    out.list((library && library.function) || [], (f) => this.function(f));
    out.patch(8, out.length);
    out.patch(12, this.there);
    return () => [out.result()].concat(this.parts, this.held);
  }

  /** What fills hash tables before the first run: nodes that no output depends on, some of which the graph has too. */
  private initializer({ modelInitializer }: GraphModelJson): GraphNode[] {
    const nodes = (modelInitializer && modelInitializer.node) || [];
    if (!Array.isArray(nodes)) throw new Error('"modelInitializer" has no list of nodes.');
    nodes.forEach(checkNode);
    const known: { [name: string]: boolean } = Object.create(null);
    for (const { name } of this.nodes) known[name] = true;
    return (nodes as GraphNode[]).filter(({ name }) => !known[name]);
  }

  /** Inputs and outputs in the signature's order; without one, placeholders and the nodes that nobody reads. */
  private endpoints(signature: Signature): void {
    const byName: { [name: string]: GraphNode } = Object.create(null);
    for (const node of this.nodes) byName[node.name] = node;
    const write = (entries: { [key: string]: Endpoint } | null | undefined, otherwise: GraphNode[]) => {
      const list = entries && Object.keys(entries).length
        ? Object.keys(entries).map((key) => ({ key, tensor: entries[key].name || key, from: entries[key] }))
        : otherwise.map(({ name }) => ({ key: name, tensor: name, from: {} as Endpoint }));
      this.out.list(list, ({ key, tensor, from }) => {
        const attr = (byName[tensor.split(':')[0]] || {}).attr || {};
        this.out.text(key);
        this.out.text(tensor);
        this.out.u32(typeNumber(from.dtype) || typeNumber((attr.dtype || {}).type));
        this.out.shape(dimensions(from.tensorShape) || dimensions((attr.shape || {}).shape));
      });
    };
    const read: { [name: string]: boolean } = Object.create(null);
    for (const node of this.nodes) for (const input of node.input || []) read[input.replace(/^\^/, '').split(':')[0]] = true;
    write(signature.inputs, this.nodes.filter(({ op }) => op === 'Placeholder'));
    write(signature.outputs, this.nodes.filter(({ name, op }) => !read[name] && !/^(Const|NoOp|Placeholder.*)$/.test(op)));
  }

  private weights(weights: Weight[]): void {
    const { parts, there } = this;
    let at = 0;
    this.out.list(weights, (weight) => {
      const { name, shape, dtype, quantization } = weight;
      const type = kWeightTypes[dtype];
      const stored = kWeightTypes[(quantization && quantization.dtype) || dtype];
      if (!type || !stored || !Array.isArray(shape)) throw new Error(`weight "${name}" of model.json has an unknown type (${dtype}) or no shape.`);
      const count = elements(shape);
      const size = count * stored[1];
      if (at + size > there) throw new Error(`the weights end before weight "${name}": ${at + size} bytes are needed, there are ${there}.`);
      this.out.text(name);
      this.out.u32(type[0]);
      this.out.shape(shape);
      this.out.u32(stored[0]);
      this.out.f64((quantization && quantization.scale) || 0);
      this.out.f64((quantization && quantization.min) || 0);
      this.out.u32(at);
      this.out.u32(size);
      at += size;
      // Texts are stored as length and bytes, one after another. The engine refuses who reads them.
      for (let i = 0; dtype === 'string' && i < count; i++) {
        const [low = 0, ...higher] = joinBytes(viewsOf(parts, at, at + 4));
        at += 4 + higher.reduce((sum, byte, k) => sum + byte * 256 ** (k + 1), low);
      }
    });
  }

  private nodeList(nodes: GraphNode[]): void {
    this.out.list(nodes, (node) => {
      checkNode(node);
      this.out.text(node.name);
      this.out.text(node.op);
      this.out.list(node.input || [], (input) => this.out.text(input));
      const attrs = node.attr || {};
      // Names with "_" are TensorFlow's notes to itself. Data of a constant is among the weights.
      const names = Object.keys(attrs).filter((name) => name[0] !== '_' && !(attrs[name].tensor && this.weightNames[node.name]));
      this.out.list(names, (name) => {
        this.out.text(name);
        this.attr(attrs[name], node.name);
      });
    });
  }

  private attr(value: Attr, node: string): void {
    const { out } = this;
    const list = value.list || {};
    const types = value.type !== undefined ? [value.type] : list.type;
    const texts = list.s;
    const numbers = value.i !== undefined ? [value.i] : value.f !== undefined ? [value.f] : value.b !== undefined ? [value.b] : list.i || list.f || list.b || [];
    if (value.s !== undefined) {
      out.u32(Kind.Text);
      out.raw(base64Decode(value.s));
    } else if (texts) {
      out.u32(Kind.Texts);
      out.list(texts, (text) => out.raw(base64Decode(text)));
    } else if (value.shape) {
      out.u32(Kind.Shape);
      out.shape(dimensions(value.shape));
    } else if (types) {
      out.u32(Kind.Types);
      out.list(types, (type) => out.u32(typeNumber(type)));
    } else if (value.tensor) {
      out.u32(Kind.Tensor);
      this.tensor(value.tensor, node);
    } else if (value.func) {
      out.u32(Kind.Function);
      out.text(value.func.name);
    } else {
      out.u32(Kind.Numbers);
      out.list<string | number | boolean>(numbers, (number) => out.f64(Number(number)));
    }
  }

  private tensor(tensor: TensorProto, node: string): void {
    const data = tensorBytes(tensor, node);
    this.out.u32(typeNumber(tensor.dtype));
    this.out.shape(dimensions(tensor.tensorShape));
    this.out.u32(this.there);
    this.there += data.length;
    this.held.push(data);
    this.out.u32(data.length);
  }

  private function({ signature = {}, nodeDef, ret }: FunctionDef): void {
    this.out.text(signature.name || '');
    this.out.list(signature.inputArg || [], ({ name }) => this.out.text(name));
    this.out.list(signature.outputArg || [], ({ name }) => {
      this.out.text(name);
      this.out.text((ret && ret[name]) || '');
    });
    this.nodeList(nodeDef || []);
  }
}

/**
 * `weights`: the shards, in the manifest's order; or an array that will hold them, which are `there` bytes. Gives a function that
 * gives the file, once they are there, in pieces: all but the weights, the shards, and what the JSON itself holds. Throws a sentence about what is wrong with the JSON.
 */
export function encodeNodeList(model: GraphModelJson, weights: Bytes | Uint8Array[], there?: number): () => Uint8Array[] {
  const topology = model && model.modelTopology;
  if (!topology || typeof topology !== 'object') throw new Error('this is not a tfjs model.json: it has no "modelTopology".');
  const { node } = topology;
  if (!Array.isArray(node)) throw new Error('this is not a tfjs graph model: its "modelTopology" has no list of nodes.');
  node.forEach(checkNode);
  const parts = Array.isArray(weights) ? weights : [asBytes(weights) || new Uint8Array(0)];
  return new Encoder(node as GraphNode[], parts, there === undefined ? lengthOf(parts) : there).encode(model);
}
