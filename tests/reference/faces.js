'use strict';
// From a face model's raw outputs to faces, in plain loops: anchors, decoding, weighted suppression, the
// crop for the mesh, and the mesh's way back. The facts behind the numbers are in face_models.md.

const { toPicture } = require('./photo.js');

/**
 * @typedef {{name: string, shape: number[], data: Float32Array}} Output
 * @typedef {{size: number, grids: {cells: number, perCell: number}[]}} Detector
 * @typedef {{score: number, box: number[], keypoints: number[][]}} Face
 *   box [x0, y0, x1, y1] and six [x, y]: right eye, left eye, nose tip, mouth centre, right ear, left ear
 *   (the person's right), in [0, 1] of the tensor or in pixels of the picture
 */

/** Input size and grids of anchors, in the order in which the outputs count them. */
const DETECTORS = {
  short: { size: 128, grids: [{ cells: 16, perCell: 2 }, { cells: 8, perCell: 6 }] },
  full: { size: 192, grids: [{ cells: 48, perCell: 1 }] },
  'full-sparse': { size: 192, grids: [{ cells: 48, perCell: 1 }] },
  'tfjs-front': { size: 128, grids: [{ cells: 16, perCell: 2 }, { cells: 8, perCell: 6 }] },
  'tfjs-back': { size: 256, grids: [{ cells: 16, perCell: 2 }, { cells: 8, perCell: 6 }] },
};

const VALUES = 16;          // a box's centre and size, then six points
const KEYPOINTS = 6;
const SCORE_LIMIT = 100;    // logits are cut to this before the sigmoid

/** @returns {number[][]} centres [x, y] in [0, 1]; an anchor's own size is 1 and so never enters */
function anchorsOf({ grids }) {
  const anchors = [];
  for (const { cells, perCell } of grids) {
    for (let y = 0; y < cells; y++) {
      for (let x = 0; x < cells; x++) {
        for (let i = 0; i < perCell; i++) anchors.push([(x + 0.5) / cells, (y + 0.5) / cells]);
      }
    }
  }
  return anchors;
}

/**
 * Scores and boxes of all anchors in one array each. A detector has one score and one box tensor, or
 * (tfjs) one pair for each grid: told apart by their last dimension, put in order by their length.
 * @param {Output[]} outputs
 */
function gatherOutputs(outputs) {
  const collect = (last) => {
    const parts = outputs.filter((o) => o.shape.at(-1) === last).sort((a, b) => b.shape[1] - a.shape[1]);
    return Float32Array.from(parts.flatMap((o) => Array.from(o.data)));
  };
  return { scores: collect(1), boxes: collect(VALUES) };
}

const sigmoid = (x) => 1 / (1 + Math.exp(-Math.min(Math.max(x, -SCORE_LIMIT), SCORE_LIMIT)));

/**
 * Anchors whose score reaches the threshold, as faces in [0, 1] of the tensor, in anchor order.
 * @param {Output[]} outputs @param {Detector} detector @param {number} threshold
 * @returns {Face[]}
 */
function decode(outputs, detector, threshold) {
  const { scores, boxes } = gatherOutputs(outputs);
  const anchors = anchorsOf(detector);
  if (scores.length !== anchors.length || boxes.length !== anchors.length * VALUES) {
    throw new Error(`The outputs hold ${scores.length} scores and ${boxes.length} box values, but the detector has ${anchors.length} anchors.`);
  }
  const faces = [];
  anchors.forEach(([ax, ay], i) => {
    const score = sigmoid(scores[i]);
    if (!(score >= threshold)) return;
    const raw = boxes.subarray(i * VALUES, (i + 1) * VALUES);
    const x = raw[0] / detector.size + ax;
    const y = raw[1] / detector.size + ay;
    const halfWidth = raw[2] / detector.size / 2;
    const halfHeight = raw[3] / detector.size / 2;
    const keypoints = [];
    for (let k = 0; k < KEYPOINTS; k++) {
      keypoints.push([raw[4 + 2 * k] / detector.size + ax, raw[5 + 2 * k] / detector.size + ay]);
    }
    const box = [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
    if (box.every(Number.isFinite) && halfWidth >= 0 && halfHeight >= 0) faces.push({ score, box, keypoints });
  });
  return faces;
}

const areaOf = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);

/** Intersection over union of two boxes. */
function overlap(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const union = areaOf(a) + areaOf(b) - width * height;
  return union > 0 ? (width * height) / union : 0;
}

/** The mean of faces weighted by their scores, with the score of the first. */
function weightedMean(group) {
  const total = group.reduce((sum, f) => sum + f.score, 0);
  const mean = (value) => group.reduce((sum, f) => sum + value(f) * f.score, 0) / total;
  return {
    score: group[0].score,
    box: [0, 1, 2, 3].map((i) => mean((f) => f.box[i])),
    keypoints: group[0].keypoints.map((_, k) => [mean((f) => f.keypoints[k][0]), mean((f) => f.keypoints[k][1])]),
  };
}

/**
 * Weighted suppression: the best face left takes all others that overlap its own (not the mean's) box by more
 * than the threshold, and the group's weighted mean comes out with the best one's score.
 * @param {Face[]} faces @param {number} threshold @returns {Face[]} best first
 */
function suppress(faces, threshold) {
  let left = faces.map((face, index) => ({ face, index }))
    .sort((a, b) => b.face.score - a.face.score || a.index - b.index).map((e) => e.face);
  const kept = [];
  while (left.length) {
    const best = left[0];
    const group = left.filter((f) => overlap(f.box, best.box) > threshold);
    if (!group.length) group.push(best);       // a box of no area overlaps nothing, not even itself
    kept.push(weightedMean(group));
    left = left.filter((f) => !group.includes(f));
  }
  return kept;
}

/** A face in [0, 1] of the tensor to the picture's pixels; the region must not be rotated. */
function projectFace(face, region) {
  const [x0, y0] = toPicture(region, face.box[0], face.box[1]);
  const [x1, y1] = toPicture(region, face.box[2], face.box[3]);
  return { score: face.score, box: [x0, y0, x1, y1], keypoints: face.keypoints.map(([u, v]) => toPicture(region, u, v)) };
}

/**
 * Faces of a picture, in its pixels, best first.
 * @param {Output[]} outputs @param {Detector} detector @param {import('./photo.js').Region} region what the tensor showed
 * @param {{threshold?: number, overlap?: number}} [options]
 */
function facesOf(outputs, detector, region, { threshold = 0.5, overlap: limit = 0.3 } = {}) {
  return suppress(decode(outputs, detector, threshold), limit).map((f) => projectFace(f, region));
}

/** Angle of the line from the person's right eye to the left, clockwise from the x axis, in (-pi, pi]. */
function angleOf(face) {
  const [[x0, y0], [x1, y1]] = face.keypoints;
  return Math.atan2(y1 - y0, x1 - x0);
}

/**
 * The square of the picture that the mesh model wants: around the box, 1.5 times its longer side, eyes level.
 * @param {Face} face in the picture's pixels @returns {import('./photo.js').Region}
 */
function meshRegion(face) {
  const [x0, y0, x1, y1] = face.box;
  const side = 1.5 * Math.max(x1 - x0, y1 - y0);
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, width: side, height: side, rotation: angleOf(face) };
}

const MESH_SIZE = 192;

/**
 * The mesh model's points in the picture: [x, y, z] each, z scaled like x (smaller is nearer to the camera).
 * @param {Output[]} outputs @param {import('./photo.js').Region} region
 * @param {{scoreIsLogit: boolean}} options the tflite's presence is a logit, the tfjs model's a probability
 */
function meshOf(outputs, region, { scoreIsLogit }) {
  const points = outputs.find((o) => o.data.length === 468 * 3);
  const presence = outputs.find((o) => o.data.length === 1);
  if (!points || !presence) throw new Error(`The mesh outputs are ${outputs.map((o) => `${o.name} [${o.shape}]`).join(', ')}: no 1404 values and one score.`);
  const mesh = new Float32Array(468 * 3);
  for (let i = 0; i < 468; i++) {
    const [x, y, z] = points.data.subarray(i * 3, i * 3 + 3);
    mesh.set([...toPicture(region, x / MESH_SIZE, y / MESH_SIZE), (z / MESH_SIZE) * region.width], i * 3);
  }
  return { score: scoreIsLogit ? sigmoid(presence.data[0]) : presence.data[0], mesh };
}

module.exports = { DETECTORS, anchorsOf, gatherOutputs, decode, overlap, suppress, facesOf, angleOf, meshRegion, meshOf, sigmoid, MESH_SIZE };
