// Faces in the camera's picture. The host opens the camera and hands frames over: a plugin may not.
const { createFrameLoop } = require('./frame_loop');
const { facePaths, loadFaceModels, textOf } = require('../../lib/models');
const { requirePrivacy } = require('../../lib/privacy');
const { getTexts, switchLanguage } = require('../../texts');
const wxnn = requirePlugin('wxnn');

const SLOW = 60;  // ms a frame: from here on a worker may be better
const TRACKING = { track: true, maxFaces: 6 };

const NOTHING = { fps: '–', ms: '–', faces: '–', dropped: '–' };

/** Milliseconds for a grey picture, the second time. @param {any} detector */
async function timeOf(detector) {
  const grey = new Uint8Array(320 * 240 * 4).fill(128);
  await detector.detectAsync(grey, 320, 240);
  const start = Date.now();
  await detector.detectAsync(grey, 320, 240);
  return Date.now() - start;
}

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
  gone: false,
  where: '',  // after the build's name: a worker

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
    this.gone = true;
    this.onHide();
    if (this.detector) this.detector.dispose();
    this.detector = this.making = undefined;
  },

  localise() {
    const { camera, privacy, mesh, other, loading, builds, worker } = getTexts('camera');
    this.setData({
      texts: { ...camera, backend: undefined, meshName: mesh, other, loading, build: builds },
      privacyTexts: { title: privacy.title, body: privacy.text(privacy.contract), contract: privacy.contract, agree: privacy.agree, refuse: privacy.refuse },
    });
    this.words = { backend: camera.backend, privacy, builds, worker };
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
      this.setData({ allowed: true, backend: this.words.backend(this.buildName(), 0, 0) });
    } catch (error) {
      this.making = undefined;
      this.say(textOf(error));
    }
  },

  async makeDetector() {
    const models = await loadFaceModels();
    this.build = models.model.backend.variant;
    const detector = await wxnn.createFaceDetector({ ...models, ...TRACKING });
    if (this.gone) return detector.dispose();  // closed while it was loading
    this.detector = detector;
    const ms = await timeOf(detector);
    if (ms > SLOW && 'createWorker' in wx) await this.tryWorker(ms);
  },

  /**
   * The detector in a worker, where that takes less than `ms`: iPhones interpret WebAssembly on the main thread, and compile it in an
   * experimental worker. Measured, whatever the device is called.
   * @param {number} ms
   */
  async tryWorker(ms) {
    try {
      const other = await wxnn.createFaceDetector({ ...(await facePaths()), ...TRACKING, worker: { create: wx.createWorker } });
      const isBetter = (await timeOf(other)) < ms && !this.gone;
      (isBetter ? this.detector : other).dispose();
      if (!isBetter) return;
      this.detector = other;
      this.where = this.words.worker;
    } catch (error) {
      console.warn(textOf(error));  // no worker: the main thread goes on
    }
  },

  buildName() {
    return this.words.builds[this.build] + this.where;
  },

  cameraReady() {
    this.stopFrames();
    if (!this.visible) return;
    this.say('');
    const overlay = this.selectComponent('#overlay');
    this.loop = createFrameLoop({
      detect: (pixels, width, height, time) => this.detector[this.where ? 'detectAsync' : 'detect'](pixels, width, height, { rotation: this.data.rotation, time }),
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
      backend: this.words.backend(this.buildName(), width, height),
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
    if (this.detector) this.setData({ backend: this.words.backend(this.buildName(), 0, 0) });
  },
});
