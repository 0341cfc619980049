// Choose a photo, see its faces. The plugin gets pixels and gives faces; everything about the platform is here.
const { chooseTexts } = require('../../texts');
const wxnn = requirePlugin('wxnn');

const LONGEST_SIDE = 1280;  // pixels that a photo is drawn with
const MODEL = '/models/face_full_range.br';  // of this package, so it is read through this mini-program's own file system

/**
 * A photo on a canvas, no larger than LONGEST_SIDE, and its pixels.
 * @param {WechatMiniprogram.Canvas} canvas
 * @param {string} path
 * @returns {Promise<WechatMiniprogram.ImageData>}
 */
function drawPhoto(canvas, path) {
  return new Promise((resolve, reject) => {
    const image = canvas.createImage();
    image.onload = () => {
      const scale = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height));
      canvas.width = Math.max(1, Math.round(image.width * scale));
      canvas.height = Math.max(1, Math.round(image.height * scale));
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      resolve(context.getImageData(0, 0, canvas.width, canvas.height));
    };
    image.onerror = reject;
    image.src = path;
  });
}

/**
 * @param {WechatMiniprogram.Canvas} canvas
 * @param {import('../../../plugin/src/types').Face[]} faces
 */
function drawFaces(canvas, faces) {
  const context = canvas.getContext('2d');
  const line = Math.max(2, canvas.width / 240);
  context.lineWidth = line;
  context.strokeStyle = '#3ddc84';
  context.fillStyle = '#ffb000';
  for (const { box: [x0, y0, x1, y1], keypoints } of faces) {
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    for (const [x, y] of keypoints) {
      context.beginPath();
      context.arc(x, y, 1.5 * line, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

Page({
  data: {
    texts: /** @type {any} */ ({}),
    status: '',
    backend: '',
    failed: false,
    busy: true,
    height: 240,
  },

  /** @type {import('../../../plugin/src/types').FaceDetector | undefined} */
  detector: undefined,

  async onLoad() {
    const { title, choose, loading, ready, backend } = chooseTexts();
    this.setData({ texts: { title, choose }, status: loading });
    try {
      const detector = await wxnn.createFaceDetector({ model: MODEL, fs: wx.getFileSystemManager() });
      const { variant } = await wxnn.probe();
      this.detector = detector;
      this.setData({ status: ready, backend: backend(variant), busy: false });
    } catch (error) {
      this.fail(error);
    }
  },

  onUnload() {
    if (this.detector) this.detector.dispose();
    this.detector = undefined;
  },

  async choose() {
    try {
      // Since base library 2.32.3 the user agrees to the privacy policy first; only a mini-program can ask, no plugin.
      if (wx.requirePrivacyAuthorize) await new Promise((success, fail) => wx.requirePrivacyAuthorize({ success, fail }));
      const { tempFiles } = await wx.chooseMedia({ count: 1, mediaType: ['image'], sizeType: ['compressed'] });
      await this.show(tempFiles[0].tempFilePath);
    } catch (error) {
      if (!/cancel/.test(String(/** @type {any} */ (error).errMsg))) this.fail(error);
    }
  },

  /** @param {string} path */
  async show(path) {
    const texts = chooseTexts();
    this.setData({ status: texts.working, failed: false, busy: true });
    const canvas = await this.canvas();
    const pixels = await drawPhoto(canvas.node, path).catch(() => { throw new Error(texts.picture); });
    this.setData({ height: Math.round((canvas.width * pixels.height) / pixels.width) });
    if (!this.detector) return;
    const start = Date.now();
    const faces = this.detector.detect(pixels.data, pixels.width, pixels.height);
    const ms = Date.now() - start;
    drawFaces(canvas.node, faces);
    this.setData({ status: texts.found(faces.length, ms), busy: false });
  },

  /** @returns {Promise<{node: WechatMiniprogram.Canvas, width: number}>} */
  canvas() {
    return new Promise((resolve) => {
      wx.createSelectorQuery().select('#picture').fields({ node: true, size: true }).exec(([field]) => resolve(field));
    });
  },

  /** @param {any} error */
  fail(error) {
    this.setData({ status: error.message || error.errMsg || String(error), failed: true, busy: !this.detector });
  },
});
