// Every packaged model on every backend of this device: a table, a chart, and why the backend was chosen.
const { createClock, measure } = require('./measure');
const { COLOURS, drawChart, heightOf } = require('./chart');
const { listModels, loadOptions, textOf } = require('../../lib/models');
const { inChinese } = require('../../lib/reasons');
const { getLanguage, getTexts, switchLanguage } = require('../../texts');
const wxnn = requirePlugin('wxnn');

/** @type {('simd' | 'plain' | 'worker' | 'webgl' | 'cpu')[]} */
const BACKENDS = ['simd', 'plain', 'worker', 'webgl', 'cpu'];

/** @type {Promise<unknown> | undefined} */
let configuring;

/** TensorFlow.js, which is in a subpackage of its own, and its backends: WebGL and plain JavaScript. */
function configureTfjs() {
  configuring = configuring || /** @type {any} */ (require).async('../../packages/tfjs/tfjs.js')
    .then((/** @type {any} */ { tf, webgl, cpu }) => wxnn.configPlugin({ tf, webgl, cpu, wasm: false, ...loadOptions() }))
    .catch((/** @type {unknown} */ error) => {
      configuring = undefined;
      throw error;
    });
  return configuring;
}

/**
 * The model on this backend alone. @param {string} path @param {string} backend
 */
async function loadOn(path, backend) {
  if (backend === 'simd' || backend === 'plain') return wxnn.loadModel(path, { ...loadOptions(), variant: backend });
  if (backend !== 'worker') await configureTfjs();
  const where = backend === 'worker' ? { worker: { create: wx.createWorker } } : { backend };
  const model = await wxnn.loadModel(path, { ...loadOptions(), ...where });
  const { name = '', reasons } = model.backend;
  if (backend === 'worker' ? reasons.indexOf('in a worker') >= 0 : name.indexOf(backend) >= 0) return model;
  model.dispose();  // it runs elsewhere
  const told = backend === 'worker' ? /^the worker/ : new RegExp(`^not ${backend === 'webgl' ? '(WebGL|wechat-webgl)' : '(cpu|plain)'}`);
  throw new Error(reasons.filter((/** @type {string} */ reason) => told.test(reason)).pop() || `${backend}: ${reasons[reasons.length - 1]}`);
}

Page({
  data: {
    texts: /** @type {any} */ ({}),
    device: /** @type {string[]} */ ([]),
    reasons: /** @type {string[]} */ ([]),
    backends: /** @type {{name: string, colour: string}[]} */ ([]),
    rows: /** @type {{name: string, cells: {backend: string, time: string}[]}[]} */ ([]),
    progress: '',
    percent: 0,
    running: false,
    done: false,
    failed: false,
    chartHeight: 0,
  },

  /** @type {any} */ words: undefined,
  /** Milliseconds by model and backend. @type {{[model: string]: {[backend: string]: number | undefined}}} */ times: {},
  /** As wxnn gives them. @type {string[]} */ reasons: [],
  gone: false,

  onShow() {
    this.localise();
  },

  async onLoad() {
    const { variant, reasons, startMs } = await wxnn.probe();
    this.reasons = reasons.concat(variant ? `${variant}: ${startMs.toFixed(0)} ms` : []);
    this.showReasons();
  },

  showReasons() {
    this.setData({ reasons: getLanguage() === 'zh' ? this.reasons.map(inChinese) : this.reasons });
  },

  onUnload() {
    this.gone = true;
  },

  localise() {
    const { benchmark, other } = getTexts('benchmark');
    this.words = benchmark;
    const system = wx.getSystemInfoSync();
    this.setData({
      texts: { ...benchmark, at: undefined, other },
      device: [system.model, system.system, `WeChat ${system.version}`, `SDK ${system.SDKVersion}`],
      backends: BACKENDS.map((backend, index) => ({ name: benchmark.columns[backend], colour: COLOURS[index] })),
    });
    this.fillTable();
    this.showReasons();
    if (this.data.done) this.draw();
  },

  fillTable() {
    const { models, absent } = this.words;
    const cell = (/** @type {number | undefined} */ ms) => (ms === undefined ? absent : ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0));
    this.setData({
      rows: Object.keys(models).map((id) => {
        const times = this.times[id] || {};
        return { name: models[id], cells: BACKENDS.map((backend) => ({ backend, time: backend in times ? cell(times[backend]) : '·' })) };
      }),
    });
  },

  async run() {
    if (this.data.running) return;
    this.times = {};
    this.setData({ running: true, done: false, failed: false, percent: 0 });
    try {
      await this.measureAll();
      this.setData({ done: true, progress: '' });
      this.draw();
    } catch (error) {
      this.setData({ progress: textOf(error), failed: true });
    }
    this.setData({ running: false });
  },

  async measureAll() {
    const models = await listModels();
    const clock = createClock();
    await clock.ready();
    let step = 0;
    for (const { id, path } of models) {
      this.times[id] = {};
      for (const backend of BACKENDS) {
        if (this.gone) return;
        this.setData({ progress: this.words.at(`${this.words.models[id]} · ${this.words.columns[backend]}`), percent: Math.round((100 * step++) / (models.length * BACKENDS.length)) });
        this.times[id][backend] = await this.measureOne(path, backend, clock);
        this.fillTable();
      }
    }
    this.setData({ percent: 100 });
  },

  /**
   * Undefined, and a reason, where the device has no such backend.
   * @param {string} path @param {string} backend @param {{now(): number}} clock
   */
  async measureOne(path, backend, { now }) {
    let model;
    try {
      model = await loadOn(path, backend);
    } catch (error) {
      const reason = textOf(error);
      if (!this.reasons.includes(reason)) this.reasons = this.reasons.concat(reason);
      this.showReasons();
      return undefined;
    }
    try {
      return await measure(model, now, backend !== 'simd' && backend !== 'plain');
    } finally {
      model.dispose();
    }
  },

  draw() {
    const { models, chart, columns } = this.words;
    const groups = Object.keys(models).map((id) => ({
      name: models[id],
      values: BACKENDS.map((backend) => (this.times[id] && this.times[id][backend] ? 1000 / /** @type {number} */ (this.times[id][backend]) : undefined)),
    }));
    this.setData({ chartHeight: heightOf(groups.length, BACKENDS.length) }, () => this.canvas().then(({ node, unit }) => {
      drawChart(node, unit, { title: `wxnn ${wxnn.version} · ${chart}`, subtitle: this.data.device.slice(0, 2).join(' · '), backends: BACKENDS.map((backend) => columns[backend]), groups });
    }));
  },

  /** @returns {Promise<{node: any, unit: number}>} */
  canvas() {
    const { pixelRatio } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
    return new Promise((resolve) => {
      wx.createSelectorQuery().in(this).select('#chart').fields({ node: true, size: true }).exec(([{ node, width, height }]) => {
        Object.assign(node, { width: Math.round(width * pixelRatio), height: Math.round(height * pixelRatio) });
        resolve({ node, unit: pixelRatio });
      });
    });
  },

  async share() {
    wx.createSelectorQuery().in(this).select('#chart').fields({ node: true }).exec(async ([{ node }]) => {
      try {
        const { tempFilePath } = await wx.canvasToTempFilePath({ canvas: node, fileType: 'png' });
        if (wx.showShareImageMenu) await wx.showShareImageMenu({ path: tempFilePath });
        else wx.previewImage({ urls: [tempFilePath] });
      } catch (error) {
        if (!/cancel/.test(String(/** @type {any} */ (error).errMsg))) this.setData({ progress: textOf(error), failed: true });
      }
    });
  },

  switchLanguage() {
    switchLanguage();
    this.localise();
  },
});
