// tf.browser: pictures become tensors and tensors pictures, on whatever has canvases: WeChat's, a web page's, or an ImageData's bytes
// alone.
import { describe, fail } from '../checks';
import { getHost } from '../host';
import type { WxnnBackend } from './backend';
import type { KernelFunc, TfAttrs, TfInputs, TfTensorInfo } from './core';

interface Context2d {
  getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  createImageData(width: number, height: number): { data: Uint8ClampedArray };
  putImageData(image: { data: Uint8ClampedArray }, x: number, y: number): void;
  drawImage(image: object, x: number, y: number, width: number, height: number): void;
}

interface Canvas {
  width: number;
  height: number;
  getContext(type: string, attributes?: object): Context2d | null;
}

/** Bytes in rows of RGBA, a canvas, or what a canvas can draw: an image, a video, an ImageBitmap. */
interface Pixels extends Partial<Canvas> {
  data?: ArrayLike<number>;
  videoWidth?: number;
  videoHeight?: number;
}

function contextOf(canvas: Canvas): Context2d {
  return canvas.getContext('2d') || fail('the canvas gives no 2d context: it has one of another type.');
}

/** The picture as RGBA bytes. */
function read(pixels: Pixels): { data: ArrayLike<number>; width: number; height: number } {
  const width = pixels.videoWidth || (pixels.width as number), height = pixels.videoHeight || (pixels.height as number);
  if (!(width > 0 && height > 0)) fail(`tf.browser.fromPixels needs a picture with pixels; this is ${width} x ${height}.`);
  let { data } = pixels;
  if (!data && typeof pixels.getContext === 'function') {
    data = contextOf(pixels as Canvas).getImageData(0, 0, width, height).data;
  } else if (!data) {
    const canvas = (getHost().canvas('2d') as unknown) as Canvas;
    canvas.width = width;
    canvas.height = height;
    const context = contextOf(canvas);
    context.drawImage(pixels, 0, 0, width, height);
    data = context.getImageData(0, 0, width, height).data;
  }
  const needed = width * height * 4;
  if (data.length !== needed) fail(`a picture of ${width} x ${height} pixels has ${needed} bytes; this has ${data.length}.`);
  return { data, width, height };
}

export function fromPixels({ inputs, backend, attrs }: { inputs: TfInputs; backend: WxnnBackend; attrs?: TfAttrs }): TfTensorInfo {
  const { pixels } = (inputs as unknown) as { pixels: Pixels };
  const channels = (attrs as { numChannels?: number }).numChannels || 3;
  const { data, width, height } = read(pixels);
  const shape = [height, width, channels];
  const made = backend.allocate('int32', shape);
  const { i32 } = backend.calls;
  let to = made.pointer >>> 2;
  for (let from = 0; from < data.length; from += 4) {
    for (let channel = 0; channel < channels; channel++) i32[to++] = data[from + channel];
  }
  return { dataId: made, shape, dtype: 'int32' };
}

export function draw({ inputs, backend, attrs }: { inputs: TfInputs; backend: WxnnBackend; attrs?: TfAttrs }): TfTensorInfo {
  const { image } = inputs as { [name: string]: TfTensorInfo };
  const { canvas, options = {} } = attrs as { canvas: Canvas; options?: { contextOptions?: { contextType?: string; contextAttributes?: object }; imageOptions?: { alpha?: number } } };
  const { contextType = '2d', contextAttributes = {} } = options.contextOptions || {};
  if (contextType !== '2d') fail(`tf.browser.draw on the engine needs a context of type 2d; this is ${describe(contextType)}.`);
  const [height, width, depth = 1] = image.shape;
  const scale = image.dtype === 'float32' ? 255 : 1;
  const values = backend.readSync(image.dataId) as Float32Array;
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] >= 0 && values[i] * scale <= 255)) fail(`Tensor values for a ${image.dtype} Tensor must be in the range [0 - ${255 / scale}] but encountered ${values[i]}.`);
  }
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext(contextType, contextAttributes) || fail('the canvas gives no 2d context: it has one of another type.');
  const picture = context.createImageData(width, height);
  const { data } = picture;
  const opaque = 255 * ((options.imageOptions || {}).alpha || 1);
  for (let i = 0, to = 0; to < data.length; i += depth, to += 4) {
    for (let channel = 0; channel < 3; channel++) data[to + channel] = Math.round(values[depth === 1 ? i : i + channel] * scale);
    data[to + 3] = Math.round(depth === 4 ? values[i + 3] * scale : opaque);
  }
  context.putImageData(picture, 0, 0);
  return image;
}

/** Kernels whose inputs or attributes are no tensors. */
export const kPixelKernels: { [kernel: string]: KernelFunc } = { Draw: draw as KernelFunc, FromPixels: fromPixels as KernelFunc };
