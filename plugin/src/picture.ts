// Pictures on their way into the engine's heap.
import { checkKeys, checkNumber, checkPicture, describe, fail, tagOf } from './checks';
import type { Engine } from './engine';
import type { Bytes, ImageOptions } from './types';

// A larger picture is averaged over k x k pixels on its way into the heap, so that a photo of 400 MB fits a phone.
const kPixels = 16 << 20;

/** A picture in the heap. `factor` x `factor` pixels of the one given were averaged into each of its own. */
export interface PlacedPicture {
  pointer: number;
  bytes: number;
  width: number;
  height: number;
  factor: number;
}

/** A block of the heap that holds one picture after the other and grows with them. */
export class PictureBlock {
  private pointer = 0;
  private capacity = 0;

  constructor(private readonly engine: Engine) {}

  place(rgba: Bytes, width: number, height: number): PlacedPicture {
    const pixels = checkPicture(rgba, width, height);
    const factor = Math.ceil(Math.sqrt((width * height) / kPixels));
    const w = Math.max(1, Math.floor(width / factor));
    const h = Math.max(1, Math.floor(height / factor));
    const bytes = w * h * 4;
    if (bytes > this.capacity) {
      this.free();
      this.pointer = this.engine.allocate(bytes, `a picture of ${width} x ${height} pixels`);
      this.capacity = bytes;
    }
    const target = this.engine.heap().subarray(this.pointer, this.pointer + bytes);
    if (factor === 1) target.set(pixels);
    else average(pixels, width, height, factor, target, w, h);
    return { pointer: this.pointer, bytes, width: w, height: h, factor };
  }

  free(): void {
    this.engine.free(this.pointer);
    this.pointer = this.capacity = 0;
  }
}

/** Rounded means of factor x factor pixels; what is left over at the right and lower edge is dropped. */
function average(from: Uint8Array, width: number, height: number, factor: number, to: Uint8Array, w: number, h: number): void {
  const rows = Math.min(factor, height), columns = Math.min(factor, width);
  const sums = new Uint32Array(w * 4);
  const half = (rows * columns) >> 1;
  for (let y = 0; y < h; y++) {
    sums.fill(half);
    for (let row = 0; row < rows; row++) {
      let at = (y * factor + row) * width * 4;
      for (let x = 0; x < w * 4; x += 4) {
        for (let column = 0; column < columns; column++, at += 4) {
          sums[x] += from[at];
          sums[x + 1] += from[at + 1];
          sums[x + 2] += from[at + 2];
          sums[x + 3] += from[at + 3];
        }
      }
    }
    for (let x = 0; x < w * 4; x++) to[y * w * 4 + x] = sums[x] / (rows * columns);
  }
}

/** Checks the options and lets the engine write the tensor [height, width, 3] that they describe. */
export function writeImage(
  engine: Engine,
  picture: { rgba: Bytes; width: number; height: number },
  options: ImageOptions,
  target: { pointer: number; width: number; height: number },
): void {
  checkKeys('setImage\'s options', options, ['roi', 'angle', 'rotation', 'mirror', 'letterbox', 'extend', 'mean', 'scale']);
  const { roi = [0, 0, picture.width, picture.height], angle = 0, rotation = 0, mean = 0, scale = 1 } = options;
  const [x0, y0, x1, y1] = checkNumbers('roi', roi, 4);
  if (!(x0 < x1 && y0 < y1)) fail(`roi must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1; this is [${roi}].`);
  checkNumber('angle', angle, -1000, 1000);
  checkRotation(rotation);
  const means = checkNumbers('mean', typeof mean === 'number' ? [mean, mean, mean] : mean, 3);
  const scales = checkNumbers('scale', typeof scale === 'number' ? [scale, scale, scale] : scale, 3);
  const block = new PictureBlock(engine);
  let params = 0;
  try {
    const { pointer, bytes, width, height, factor } = block.place(picture.rgba, picture.width, picture.height);
    params = engine.allocate(60, 'a picture\'s place');
    new Float32Array(engine.buffer(), params, 15).set([
      (x0 + x1) / 2 / factor, (y0 + y1) / 2 / factor, (x1 - x0) / factor, (y1 - y0) / factor,
      angle, rotation, +!!options.mirror, +!!options.letterbox, +!!options.extend, ...means, ...scales,
    ]);
    engine.demand('', 'wxnn_image_to_tensor', pointer, bytes, width, height, params, target.pointer, target.width, target.height);
  } finally {
    engine.free(params);
    block.free();
  }
}

export function checkRotation(rotation: unknown): number {
  if (rotation !== 0 && rotation !== 90 && rotation !== 180 && rotation !== 270) {
    fail(`rotation must be 0, 90, 180 or 270; this is ${describe(rotation)}.`);
  }
  return rotation;
}

function checkNumbers(name: string, value: number[], count: number): number[] {
  if (tagOf(value) !== 'Array' || value.length !== count || !value.every((n) => typeof n === 'number' && isFinite(n))) {
    fail(`${name} must be ${count} finite numbers; this is ${tagOf(value) === 'Array' ? `[${value}]` : describe(value)}.`);
  }
  return value;
}
