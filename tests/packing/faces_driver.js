'use strict';
// The faces on a photo, their numbers as bits: for tests/simulator/engines.js, so no require.

module.exports = function (wxnn, photo) {
  const size = new Uint32Array(photo.buffer.slice(photo.byteOffset, photo.byteOffset + 8));
  return wxnn.createFaceDetector({ model: '/models/faces.br' }).then((detector) => {
    const faces = detector.detect(photo.slice(8), size[0], size[1]);
    detector.dispose();
    return wxnn.probe().then((probe) => ({
      variant: probe.variant,
      faces: faces.map((face) => {
        const numbers = [face.score, face.angle].concat(face.box);
        face.keypoints.forEach((point) => numbers.push(point[0], point[1]));
        const bits = new Uint32Array(new Float64Array(numbers).buffer);
        const list = [];
        for (let i = 0; i < bits.length; i++) list.push(bits[i]);
        return list;
      }),
    }));
  });
};
