// What logic layer and worker say to each other. WeChat copies messages, so arrays travel as plain buffers.
import { viewOf } from '../checks';
import type { Build, DetectOptions, DType, Face, FaceDetectorOptions, ImageOptions, RunOptions, Tensor, TensorData, TensorInfo, Variant } from '../types';

export interface WireArray {
  dtype: DType;
  buffer: ArrayBuffer;
}

export type Request =
  | { call: 'load'; name: string; format: 'tflite' | 'tfjs'; bytes: ArrayBuffer; variant?: Variant; wasmPath?: string }
  | { call: 'run'; model: number; inputs: { [name: string]: WireArray }; options: RunOptions }
  | { call: 'resize'; model: number; shapes: { [input: string]: number[] } }
  | { call: 'setImage'; model: number; input: string; rgba: ArrayBuffer; width: number; height: number; options?: ImageOptions }
  | { call: 'detector'; files: { name: string; format: 'tflite' | 'tfjs'; bytes: ArrayBuffer }[]; options: FaceDetectorOptions; variant?: Variant; wasmPath?: string }
  | { call: 'detect'; model: number; rgba: ArrayBuffer; width: number; height: number; options: DetectOptions }
  | { call: 'resetState' | 'dispose'; model: number };

export type WireFace = Omit<Face, 'mesh'> & { mesh?: ArrayBuffer };

export interface Loaded {
  model: number;
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  variant: Build;
  reasons: string[];
}

export interface WireOutputs {
  [name: string]: WireArray & { shape: number[] };
}

/** An answer has the request's id, and either a result or the sentence of a failure. */
export interface Answer {
  id: number;
  result?: Loaded | WireOutputs | WireFace[];
  error?: string;
  /** The engine has stopped: the model must be loaded again. */
  stopped?: boolean;
}

export function toWire(data: TensorData, dtype: DType): WireArray {
  return { dtype, buffer: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer };
}

export function fromWire({ dtype, buffer }: WireArray): TensorData {
  return viewOf(dtype, buffer, 0, buffer.byteLength / (dtype === 'bool' ? 1 : dtype === 'complex64' ? 8 : 4));
}

export function outputsFromWire(wire: WireOutputs): { [name: string]: Tensor } {
  const outputs: { [name: string]: Tensor } = {};
  for (const name of Object.keys(wire)) outputs[name] = { data: fromWire(wire[name]), shape: wire[name].shape, dtype: wire[name].dtype };
  return outputs;
}
