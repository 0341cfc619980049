// Faces in the camera's picture. The host opens the camera and hands frames over: a plugin may not.
const { createFrameLoop } = require('./frame_loop');
const { loadFaceModels, textOf } = require('../../lib/models');
const { requirePrivacy } = require('../../lib/privacy');
const { getTexts, switchLanguage } = require('../../texts');
const wxnn = requirePlugin('wxnn');

const NOTHING = { fps: '–', ms: '–', faces: '–', dropped: '–' };

Page({
  data: {
    texts: /** @type {any} */ ({}),
    privacyTexts: /** @type {any} */ ({}),
    allowed: false,         // privacy authorisation
    position: 'front',
    message: '',
    action: '',             // "settings" or "privacy": what helps
    numbers: NOTHING,
    backend: '',
    mesh: true,
    rotation: 0,
    mirror: true,           // the front camera's preview is mirrored, its frames are not
  },

  /** @type {any} */ detector: undefined,
  /** @type {Promise<void> | undefined} */ making: undefined,
  /** @type {any} */ loop: undefined,
  /** @type {any} */ listener: undefined,
  /** @type {any} */ words: undefined,
  build: /** @type {'simd' | 'plain'} */ ('simd'),
  visible: false,

  onLoad() {
    wx.setKeepScreenOn({ keepScreenOn: true });
  },

  onShow() {
    this.visible = true;
    this.localise();
    this.selectComponent('#privacy').lend();
    this.begin();
  },

  onHide() {
    this.visible = false;
    this.stopFrames();
    this.setData({ allowed: false, numbers: NOTHING });
  },

  onUnload() {
    this.onHide();
    if (this.detector) this.detector.dispose();
    this.detector = this.making = undefined;
  },

  localise() {
    const { camera, privacy, mesh, other, loading, builds } = getTexts('camera');
    this.setData({
      texts: { ...camera, backend: undefined, meshName: mesh, other, loading, build: builds },
      privacyTexts: { title: privacy.title, body: privacy.text(privacy.contract), contract: privacy.contract, agree: privacy.agree, refuse: privacy.refuse },
    });
    this.words = { backend: camera.backend, privacy, builds };
  },

  /** Authorisation, models, camera, one after the other; the camera's frames start in cameraReady. */
  async begin() {
    const { texts } = this.data;
    this.say(texts.loading);
    try {
      await requirePrivacy();
    } catch (error) {
      if (!/not authorized/.test(textOf(error))) throw error;
      this.say(this.words.privacy.refused, 'privacy');
      return;
    }
    try {
      this.making = this.making || this.makeDetector();
      await this.making;
      if (!this.visible) return;
      this.say(texts.waiting);
      this.setData({ allowed: true, backend: this.words.backend(this.words.builds[this.build], 0, 0) });
    } catch (error) {
      this.making = undefined;
      this.say(textOf(error));
    }
  },

  async makeDetector() {
    const models = await loadFaceModels();
    this.build = models.model.backend.variant;
    this.detector = await wxnn.createFaceDetector({ ...models, track: true, maxFaces: 6 });
  },

  cameraReady() {
    this.stopFrames();
    if (!this.visible) return;
    this.say('');
    const overlay = this.selectComponent('#overlay');
    this.loop = createFrameLoop({
      detect: (pixels, width, height, time) => this.detector.detect(pixels, width, height, { rotation: this.data.rotation, time }),
      show: (faces, frame) => overlay.draw(faces, { ...frame, rotation: this.data.rotation, mirror: this.data.mirror }),
      report: (numbers) => this.report(numbers),
      fail: (error) => this.say(textOf(error)),
    });
    this.listener = wx.createCameraContext().onCameraFrame((frame) => this.loop.take(frame));
    this.listener.start();
  },

  /** @param {any} event */
  cameraFailed({ detail }) {
    const refused = /auth/.test(detail.errMsg || '');
    this.say(refused ? this.data.texts.refused : detail.errMsg, refused ? 'settings' : '');
  },

  stopFrames() {
    if (this.listener) this.listener.stop();
    if (this.loop) this.loop.stop();
    this.listener = this.loop = undefined;
  },

  /** @param {any} numbers as frame_loop.js gives them */
  report({ fps, ms, faces, dropped, width, height }) {
    this.setData({
      numbers: { fps: fps.toFixed(fps < 10 ? 1 : 0), ms: ms.toFixed(ms < 10 ? 1 : 0), faces: String(faces), dropped: `${Math.round(100 * dropped)}%` },
      backend: this.words.backend(this.words.builds[this.build], width, height),
    });
  },

  /** @param {string} message */
  say(message, action = '') {
    this.setData({ message, action });
  },

  flip() {
    const position = this.data.position === 'front' ? 'back' : 'front';
    this.setData({ position, mirror: position === 'front' });
  },

  toggleMesh() {
    this.setData({ mesh: !this.data.mesh });
  },

  toggleMirror() {
    this.setData({ mirror: !this.data.mirror });
  },

  turn() {
    this.setData({ rotation: (this.data.rotation + 90) % 360 });
  },

  switchLanguage() {
    switchLanguage();
    this.localise();
    if (this.detector) this.setData({ backend: this.words.backend(this.words.builds[this.build], 0, 0) });
  },
});
