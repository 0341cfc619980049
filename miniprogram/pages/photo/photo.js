// Choose a photo, see its faces, save it with them. The plugin gets pixels and gives faces; everything about the platform is here.
const { loadFaceModels, textOf } = require('../../lib/models');
const { requirePrivacy } = require('../../lib/privacy');
const { getTexts, switchLanguage } = require('../../texts');
const wxnn = requirePlugin('wxnn');

const LONGEST_SIDE = 1280;  // pixels that faces are looked for in

/**
 * A photo's pixels, no larger than LONGEST_SIDE.
 * @param {string} path
 * @returns {Promise<WechatMiniprogram.ImageData>}
 */
function readPixels(path) {
  const canvas = /** @type {any} */ (wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 }));
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

Page({
  data: {
    texts: /** @type {any} */ ({}),
    privacyTexts: /** @type {any} */ ({}),
    status: '',
    failed: false,
    busy: false,
    height: 0,  // of the shown photo, in the screen's pixels; 0 while there is none
    width: 0,
    boxes: true,
    keypoints: false,
    mesh: true,
    rows: /** @type {{name: string, detail: string, score: number}[]} */ ([]),
  },

  /** @type {any} */ detector: undefined,
  /** @type {any} */ words: undefined,
  /** @type {any[]} */ faces: [],
  spent: 0,

  onShow() {
    this.localise();
    this.selectComponent('#privacy').lend();
  },

  onUnload() {
    if (this.detector) this.detector.dispose();
    this.detector = undefined;
  },

  localise() {
    const { photo, privacy, boxes, keypoints, mesh, other, stays, loading, builds } = getTexts('photo');
    this.words = { ...photo, loading, builds };
    this.setData({
      texts: { choose: photo.choose, save: photo.save, empty: photo.empty, boxes, keypoints, mesh, other, stays },
      privacyTexts: { title: privacy.title, body: privacy.text(privacy.contract), contract: privacy.contract, agree: privacy.agree, refuse: privacy.refuse },
    });
    if (this.data.height) this.describe();
  },

  async choose() {
    if (this.data.busy) return;
    try {
      await requirePrivacy();
      const { tempFiles } = await wx.chooseMedia({ count: 1, mediaType: ['image'], sizeType: ['compressed'] });
      await this.show(tempFiles[0].tempFilePath);
    } catch (error) {
      if (!/cancel|not authorized/.test(String(/** @type {any} */ (error).errMsg))) this.fail(error);
    }
  },

  /** @param {string} path */
  async show(path) {
    this.setData({ status: this.words.working, failed: false, busy: true, rows: [] });
    const pixels = await readPixels(path).catch(() => { throw new Error(this.words.broken); });
    const { windowWidth } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
    const width = (windowWidth * (750 - 64)) / 750;
    this.setData({ width, height: Math.min(Math.round((width * pixels.height) / pixels.width), 1.3 * width) });
    const picture = this.selectComponent('#picture');
    await picture.show(path);
    await this.loadDetector();
    const start = Date.now();
    this.faces = this.detector.detect(pixels.data, pixels.width, pixels.height);
    this.spent = Date.now() - start;
    picture.draw(this.faces, { width: pixels.width, height: pixels.height });
    this.setData({ busy: false });
    this.describe();
  },

  async loadDetector() {
    if (this.detector) return;
    this.setData({ status: this.words.loading });
    this.detector = await wxnn.createFaceDetector(await loadFaceModels());
    this.setData({ status: this.words.working });
    await new Promise((resolve) => { setTimeout(resolve, 30); });  // the words are drawn before the work starts
  },

  describe() {
    const { words, faces, spent } = this;
    const rows = faces.map(({ score, box, angle }, index) => ({
      name: words.face(index + 1),
      detail: words.detail(Math.round(box[2] - box[0]), Math.round((angle * 180) / Math.PI)),
      score: Math.round(100 * score),
    }));
    this.setData({ rows, status: faces.length ? words.found(faces.length, spent) : words.none });
  },

  async save() {
    if (!this.data.height || this.data.busy) return;
    try {
      await requirePrivacy();
      const canvas = await this.selectComponent('#picture').canvas();
      const { tempFilePath } = await wx.canvasToTempFilePath({ canvas, fileType: 'jpg', quality: 0.92 });
      await wx.saveImageToPhotosAlbum({ filePath: tempFilePath });
      wx.showToast({ title: this.words.saved });
    } catch (error) {
      if (!/cancel|not authorized/.test(String(/** @type {any} */ (error).errMsg))) this.fail(error);
    }
  },

  toggleBoxes() {
    this.setData({ boxes: !this.data.boxes });
  },

  toggleKeypoints() {
    this.setData({ keypoints: !this.data.keypoints });
  },

  toggleMesh() {
    this.setData({ mesh: !this.data.mesh });
  },

  switchLanguage() {
    switchLanguage();
    this.localise();
  },

  /** @param {any} error */
  fail(error) {
    this.setData({ status: textOf(error), failed: true, busy: false });
  },
});
