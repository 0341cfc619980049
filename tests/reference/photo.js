'use strict';
// Photos for tests: decoding, and the geometry from a picture to a model's input in plain loops,
// written for reading, not for speed. The engine's own C++ is checked against these.

const sharp = require('sharp');

/**
 * @typedef {{data: Uint8Array, width: number, height: number}} Rgba  rows from the top, 4 bytes a pixel
 * @typedef {{x: number, y: number, width: number, height: number, rotation: number}} Region
 *   centre, size and clockwise angle of a rectangle, in pixels of the picture (pixel centres at .5)
 * @typedef {{scale: number, mean: number}} Normalisation  tensor value = byte * scale + mean
 */

/** What the face models expect: bytes to [-1, 1], or to [0, 1]. */
const SIGNED = { scale: 1 / 127.5, mean: -1 };
const UNIT = { scale: 1 / 255, mean: 0 };

/** @param {string} file @returns {Promise<Rgba>} the picture the right way up, as its EXIF orientation says */
async function readPhoto(file) {
  const { data, info } = await sharp(file).autoOrient().toColourspace('srgb').ensureAlpha().raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width: info.width, height: info.height };
}

/**
 * The square region of a picture that letterboxing shows: its longer side, around its centre.
 * @param {{width: number, height: number}} picture
 * @returns {Region}
 */
function letterboxRegion({ width, height }) {
  const side = Math.max(width, height);
  return { x: width / 2, y: height / 2, width: side, height: side, rotation: 0 };
}

/** A point of the tensor, in [0, 1] of its sides, to the picture's pixels. */
function toPicture(region, u, v) {
  const x = (u - 0.5) * region.width;
  const y = (v - 0.5) * region.height;
  const cos = Math.cos(region.rotation);
  const sin = Math.sin(region.rotation);
  return [region.x + x * cos - y * sin, region.y + x * sin + y * cos];
}

/**
 * Bilinear sample of one channel at a point in pixels (pixel centres at .5).
 * border "zero": pixels outside count as black. border "clamp": the nearest pixel of the picture counts.
 */
function sample(rgba, x, y, channel, border) {
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  const fx = x - 0.5 - left;
  const fy = y - 0.5 - top;
  const at = (px, py) => {
    const inside = px >= 0 && py >= 0 && px < rgba.width && py < rgba.height;
    if (!inside && border === 'zero') return 0;
    const cx = Math.min(Math.max(px, 0), rgba.width - 1);
    const cy = Math.min(Math.max(py, 0), rgba.height - 1);
    return rgba.data[(cy * rgba.width + cx) * 4 + channel];
  };
  const upper = at(left, top) * (1 - fx) + at(left + 1, top) * fx;
  const lower = at(left, top + 1) * (1 - fx) + at(left + 1, top + 1) * fx;
  return upper * (1 - fy) + lower * fy;
}

/**
 * A rotated region of a picture as a [size, size, 3] tensor: one bilinear sample at the centre of each
 * tensor pixel, no smoothing (as MediaPipe's ImageToTensorCalculator).
 * @param {Rgba} rgba @param {Region} region @param {number} size
 * @param {Normalisation & {border?: 'zero' | 'clamp'}} options
 */
function crop(rgba, region, size, { scale, mean, border = 'zero' }) {
  const tensor = new Float32Array(size * size * 3);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [x, y] = toPicture(region, (column + 0.5) / size, (row + 0.5) / size);
      for (let channel = 0; channel < 3; channel++) {
        tensor[(row * size + column) * 3 + channel] = sample(rgba, x, y, channel, border) * scale + mean;
      }
    }
  }
  return tensor;
}

/**
 * A picture scaled so that its longer side is `size`, centred, as a [size, size, 3] tensor. The bars
 * are black pixels, so `mean` in the tensor (-1 for [-1, 1]), not 0; a `pad` byte other than 0 changes that.
 * Samples of the picture itself stop at its edge: black does not bleed into its outermost row.
 * @param {Rgba} rgba @param {number} size @param {Normalisation & {pad?: number}} options
 */
function letterbox(rgba, size, { scale, mean, pad = 0 }) {
  const region = letterboxRegion(rgba);
  const tensor = crop(rgba, region, size, { scale, mean, border: 'clamp' });
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [x, y] = toPicture(region, (column + 0.5) / size, (row + 0.5) / size);
      if (x >= 0 && y >= 0 && x < rgba.width && y < rgba.height) continue;
      tensor.fill(pad * scale + mean, (row * size + column) * 3, (row * size + column) * 3 + 3);
    }
  }
  return tensor;
}

/**
 * The same letterbox by averaging: every tensor pixel is the mean of the picture's area under it.
 * Bilinear samples of a picture four times as large skip most of its pixels; this does not.
 * @param {Rgba} rgba @param {number} size @param {Normalisation & {pad?: number}} options
 */
function letterboxArea(rgba, size, { scale, mean, pad = 0 }) {
  const region = letterboxRegion(rgba);
  const step = region.width / size;
  const left = region.x - region.width / 2;
  const top = region.y - region.height / 2;
  const tensor = new Float32Array(size * size * 3).fill(pad * scale + mean);
  const cover = (from, to, pixel) => Math.max(0, Math.min(to, pixel + 1) - Math.max(from, pixel));
  for (let row = 0; row < size; row++) {
    const y0 = Math.max(top + row * step, 0);
    const y1 = Math.min(top + (row + 1) * step, rgba.height);
    for (let column = 0; column < size; column++) {
      const x0 = Math.max(left + column * step, 0);
      const x1 = Math.min(left + (column + 1) * step, rgba.width);
      if (y1 <= y0 || x1 <= x0) continue;
      const sums = [0, 0, 0];
      for (let y = Math.floor(y0); y < y1; y++) {
        for (let x = Math.floor(x0); x < x1; x++) {
          const weight = cover(y0, y1, y) * cover(x0, x1, x);
          for (let c = 0; c < 3; c++) sums[c] += weight * rgba.data[(y * rgba.width + x) * 4 + c];
        }
      }
      const area = (y1 - y0) * (x1 - x0);
      for (let c = 0; c < 3; c++) tensor[(row * size + column) * 3 + c] = (sums[c] / area) * scale + mean;
    }
  }
  return tensor;
}

module.exports = { SIGNED, UNIT, readPhoto, letterboxRegion, letterbox, letterboxArea, crop, toPicture };
