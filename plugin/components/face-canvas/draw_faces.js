// Faces onto a 2d canvas: where a picture's pixels lie in a view, and boxes, keypoints and landmarks drawn there.
const { contours } = require('./contours');

// One colour for each face that is tracked, by its id; the first for faces of a photo.
const COLOURS = ['#2be3a0', '#ffb547', '#6db3ff', '#ff7ab6', '#c79bff', '#5fe0e6'];

/**
 * @typedef {{width: number, height: number, rotation?: 0 | 90 | 180 | 270, mirror?: boolean}} Picture
 *   as detect got it; rotation and mirror: how it is turned, clockwise, and then flipped to be shown
 * @typedef {{xx: number, xy: number, x0: number, yx: number, yy: number, y0: number}} Placement
 */

/**
 * From the picture's pixels to the view's.
 * @param {Picture} picture
 * @param {{width: number, height: number}} view
 * @param {string} fit "contain", or "cover" as a camera's preview does
 * @returns {Placement}
 */
function placePicture({ width, height, rotation = 0, mirror = false }, view, fit) {
  const turned = rotation % 180 !== 0;
  const w = turned ? height : width, h = turned ? width : height;  // upright
  // Upright x and y, each of the picture's x and y.
  const upright = {
    0: { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 },
    90: { xx: 0, xy: -1, x0: height, yx: 1, yy: 0, y0: 0 },
    180: { xx: -1, xy: 0, x0: width, yx: 0, yy: -1, y0: height },
    270: { xx: 0, xy: 1, x0: 0, yx: -1, yy: 0, y0: width },
  }[rotation];
  const scale = Math[fit === 'cover' ? 'max' : 'min'](view.width / w, view.height / h);
  const left = (view.width - w * scale) / 2, top = (view.height - h * scale) / 2;
  const sign = mirror ? -scale : scale;
  return {
    xx: upright.xx * sign, xy: upright.xy * sign, x0: (mirror ? w * scale : 0) + upright.x0 * sign + left,
    yx: upright.yx * scale, yy: upright.yy * scale, y0: upright.y0 * scale + top,
  };
}

/** @param {Placement} at @param {number} x @param {number} y @returns {[number, number]} */
function placePoint(at, x, y) {
  return [at.xx * x + at.xy * y + at.x0, at.yx * x + at.yy * y + at.y0];
}

/** @param {any} context @param {number} x @param {number} y @param {number} w @param {number} h @param {number} r */
function roundedPath(context, x, y, w, h, r) {
  context.moveTo(x + r, y);
  context.arcTo(x + w, y, x + w, y + h, r);
  context.arcTo(x + w, y + h, x, y + h, r);
  context.arcTo(x, y + h, x, y, r);
  context.arcTo(x, y, x + w, y, r);
  context.closePath();
}

/** The four corners strongly, the rest of the outline lightly. */
function drawBox(context, [x0, y0, x1, y1], colour, unit) {
  const w = x1 - x0, h = y1 - y0, r = Math.min(8 * unit, w / 3, h / 3), arm = Math.min(w, h) / 4;
  context.strokeStyle = colour;
  context.lineWidth = 1 * unit;
  context.globalAlpha = 0.65;
  context.beginPath();
  roundedPath(context, x0, y0, w, h, r);
  context.stroke();
  context.globalAlpha = 1;
  context.lineWidth = 2.6 * unit;
  context.lineCap = 'round';
  context.beginPath();
  for (const [x, y, dx, dy] of [[x0, y0, 1, 1], [x1, y0, -1, 1], [x1, y1, -1, -1], [x0, y1, 1, -1]]) {
    context.moveTo(x, y + dy * arm);
    context.arcTo(x, y, x + dx * arm, y, r);
    context.lineTo(x + dx * arm, y);
  }
  context.stroke();
}

function drawLabel(context, text, [x, y], colour, unit) {
  context.font = `600 ${11 * unit}px sans-serif`;
  const w = context.measureText(text).width + 10 * unit, h = 17 * unit;
  const top = Math.max(0, y - h - 4 * unit), left = Math.max(0, x);
  context.fillStyle = colour;
  context.beginPath();
  roundedPath(context, left, top, w, h, 5 * unit);
  context.fill();
  context.fillStyle = '#0b1310';
  context.textBaseline = 'middle';
  context.fillText(text, left + 5 * unit, top + h / 2 + 0.5 * unit);
}

function drawKeypoints(context, points, colour, unit) {
  for (const [x, y] of points) {
    context.beginPath();
    context.arc(x, y, 2.6 * unit, 0, 2 * Math.PI);
    context.fillStyle = '#fff';
    context.fill();
    context.lineWidth = 1.4 * unit;
    context.strokeStyle = colour;
    context.stroke();
  }
}

/** Eyes, brows, lips and oval as lines, all 468 landmarks as dots. */
function drawMesh(context, mesh, at, colour, unit) {
  const points = [];
  for (let i = 0; i < mesh.length; i += 3) points.push(placePoint(at, mesh[i], mesh[i + 1]));
  context.fillStyle = 'rgba(255, 255, 255, 0.6)';
  const dot = 1.2 * unit;
  for (const [x, y] of points) context.fillRect(x - dot / 2, y - dot / 2, dot, dot);
  context.strokeStyle = colour;
  context.lineWidth = 1.3 * unit;
  context.lineJoin = 'round';
  context.beginPath();
  for (const contour of contours) {
    context.moveTo(...points[contour[0]]);
    for (const index of contour) context.lineTo(...points[index]);
  }
  context.stroke();
}

/**
 * @param {any} context of a 2d canvas, in whose pixels everything is drawn
 * @param {import('../../src/types').Face[]} faces
 * @param {Placement} at
 * @param {{unit: number, boxes?: boolean, keypoints?: boolean, mesh?: boolean, labels?: boolean}} style
 *   unit: the canvas's pixels for one of the screen's
 */
function drawFaces(context, faces, at, { unit, boxes, keypoints, mesh, labels }) {
  for (const face of faces) {
    const colour = COLOURS[((face.id || 1) - 1) % COLOURS.length];
    const [ax, ay] = placePoint(at, face.box[0], face.box[1]), [bx, by] = placePoint(at, face.box[2], face.box[3]);
    const box = [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
    const detail = unit * Math.max(0.4, Math.min(1, (box[2] - box[0]) / (120 * unit)));  // finer on small faces
    if (mesh && face.mesh && face.meshScore >= 0.5) drawMesh(context, face.mesh, at, colour, detail);
    if (boxes) drawBox(context, box, colour, unit);
    if (keypoints) drawKeypoints(context, face.keypoints.map(([x, y]) => placePoint(at, x, y)), colour, unit);
    if (labels) drawLabel(context, `${face.id ? `#${face.id}  ` : ''}${Math.round(100 * face.score)}%`, box, colour, unit);
  }
}

module.exports = { drawFaces, placePicture, placePoint };
