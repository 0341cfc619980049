// Stand-ins for wx.*, as far as the demo and the plugin use it. What a browser cannot do is refused with an errMsg, as WeChat does.
import { listenToFrames } from './camera.js';
import { showSheet, showToast } from './sheet.js';
import { createSelectorQuery } from './selector_query.js';

/** Callbacks and promise, as every asynchronous wx function has them. */
function answer(name, options, work) {
  const { success, fail, complete } = options || {};
  const promise = Promise.resolve().then(work).then(
    (result) => ({ errMsg: `${name}:ok`, ...result }),
    (error) => { throw { errMsg: `${name}:fail ${error.message || error.errMsg || error}` }; },
  );
  if (!success && !fail && !complete) return promise;
  promise.then((result) => { success?.(result); complete?.(result); }, (error) => { fail?.(error); complete?.(error); });
  return undefined;
}

const refuse = (sentence) => { throw new Error(sentence); };

/** readFile and stat over a package (by HTTP) and user files (in memory). */
function createFileSystemManager(packageRoot, userFiles) {
  const kept = new Map();
  async function bytesOf(path) {
    if (userFiles.has(path)) return userFiles.get(path);
    if (!kept.has(path)) {
      const response = await fetch(/^(blob|data|https?):/.test(path) ? path : packageRoot + path.replace(/^\//, ''));
      if (!response.ok) refuse(`no such file or directory, open '${path}'`);
      kept.set(path, new Uint8Array(await response.arrayBuffer()));
    }
    return kept.get(path);
  }
  return {
    readFile: (options) => answer('readFile', options, async () => {
      const { filePath, position = 0, length, encoding } = options;
      const bytes = (await bytesOf(filePath)).slice(position, length === undefined ? undefined : position + length);
      return { data: encoding ? new TextDecoder().decode(bytes) : bytes.buffer };
    }),
    stat: (options) => answer('stat', options, async () => ({ stats: { size: (await bytesOf(options.path)).length, isFile: () => true, isDirectory: () => false } })),
    writeFile: (options) => answer('writeFile', options, () => {
      const { filePath, data } = options;
      userFiles.set(filePath, typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data).slice());
    }),
    unlink: (options) => answer('unlink', options, () => { if (!userFiles.delete(options.filePath)) refuse('no such file or directory'); }),
    readdir: (options) => answer('readdir', options, () => ({ files: [] })),
    mkdir: (options) => answer('mkdir', options, () => undefined),
    access: (options) => answer('access', options, async () => { await bytesOf(options.path); }),
  };
}

/** The privacy authorisation of base library 2.32.3: asked for once, then remembered for this page load. */
function createPrivacy(agreed) {
  let listener;
  const waiting = [];
  const agree = () => { agreed = true; waiting.splice(0).forEach(({ resolve }) => resolve()); };
  const need = () => new Promise((resolve, reject) => {
    if (agreed) return resolve();
    waiting.push({ resolve, reject });
    if (!listener) return reject(new Error('privacy permission is not authorized'));
    return listener((choice) => {
      if (choice.event === 'agree') agree();
      if (choice.event === 'disagree') waiting.splice(0).forEach((one) => one.reject(new Error('privacy permission is not authorized')));
    }, { referrer: 'wxnn' });
  });
  return {
    need,
    agreeToPrivacy: agree,
    api: {
      getPrivacySetting: (options) => answer('getPrivacySetting', options, () => ({ needAuthorization: !agreed, privacyContractName: 'wxnn demo' })),
      onNeedPrivacyAuthorization: (callback) => { listener = callback; },
      requirePrivacyAuthorize: (options) => answer('requirePrivacyAuthorize', options, need),
      openPrivacyContract: (options) => answer('openPrivacyContract', options, () => { showToast('WeChat would show the privacy contract here'); }),
    },
  };
}

async function chooseMedia(samples) {
  const chosen = await showSheet({
    title: 'Choose a photo', text: 'A stand-in for WeChat\'s picker.',
    choices: samples.map((src) => ({ image: src, value: src })), buttons: [{ text: 'From this computer…', value: 'file' }, { text: 'Cancel' }],
  });
  if (!chosen) refuse('cancel');
  if (chosen !== 'file') return chosen;
  const input = Object.assign(document.createElement('input'), { type: 'file', accept: 'image/*' });
  input.click();
  return new Promise((resolve, reject) => {
    input.onchange = () => resolve(URL.createObjectURL(input.files[0]));
    input.oncancel = () => reject(new Error('cancel'));
  });
}

async function canvasToFile({ canvas, destWidth, destHeight, fileType = 'png', quality = 1 }) {
  let source = canvas;
  if (destWidth || destHeight) {
    source = Object.assign(document.createElement('canvas'), { width: destWidth || canvas.width, height: destHeight || canvas.height });
    source.getContext('2d').drawImage(canvas, 0, 0, source.width, source.height);
  }
  const type = fileType === 'jpg' ? 'image/jpeg' : 'image/png';
  const blob = await new Promise((resolve) => { source.toBlob(resolve, type, quality); });
  return { tempFilePath: URL.createObjectURL(blob) };
}

function saveFile(path, name) {
  Object.assign(document.createElement('a'), { href: path, download: name }).click();
}

/** What a mini-program's worker has: `worker` and WXWebAssembly, which loads files of the code package. */
const WORKER = `
  const origin = ORIGIN;
  self.worker = { onMessage: (listener) => { self.onmessage = ({ data }) => listener(data); }, postMessage: (message) => self.postMessage(message) };
  self.WXWebAssembly = { async instantiate(path, imports) {
    const response = await fetch(origin + '/package' + path);
    if (!response.ok) throw new Error('load wasm failed!');
    return (await WebAssembly.instantiate(await response.arrayBuffer(), imports)).instance;
  } };
  importScripts(origin + '/package/' + SCRIPT);
`;

function createWorker(script) {
  const text = WORKER.replace('ORIGIN', JSON.stringify(location.origin)).replace('SCRIPT', JSON.stringify(script));
  const worker = new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
  return {
    postMessage: (message) => worker.postMessage(message),
    onMessage: (listener) => { worker.onmessage = ({ data }) => listener(data); },
    terminate: () => worker.terminate(),
  };
}

function systemOf(options) {
  const { innerWidth: width, innerHeight: height, devicePixelRatio: pixelRatio } = window;
  return {
    platform: 'devtools', brand: 'browser', model: 'a browser, not WeChat', system: navigator.userAgent.replace(/.*?(Chrome|Firefox|Version)\/([\d.]+).*/, '$1 $2'),
    SDKVersion: '2.32.3', version: 'none', language: options.language, theme: 'light', benchmarkLevel: 30,
    pixelRatio, windowWidth: width, windowHeight: height, screenWidth: width, screenHeight: height, statusBarHeight: 0,
    safeArea: { top: 0, left: 0, right: width, bottom: height, width, height },
  };
}

/**
 * @param {object} screen pages and bars (screen.js)
 * @param {{language: string, privacy: boolean, worker: boolean, camera: object}} options
 */
export function createWx(screen, options) {
  const userFiles = new Map(), privacy = createPrivacy(options.privacy);
  const storage = new Map();
  const system = () => systemOf(options);
  const call = (name, work) => (given) => answer(name, given, () => work(given || {}));
  const nothing = (name) => call(name, () => undefined);
  const wx = {
    ...privacy.api,
    getSystemInfoSync: system, getAppBaseInfo: system, getDeviceInfo: system, getWindowInfo: system,
    getMenuButtonBoundingClientRect: () => ({ left: window.innerWidth - 86, right: window.innerWidth - 8, top: 7, bottom: 37, width: 78, height: 30 }),
    getPerformance: () => ({ now: () => performance.now() }),
    getStorageSync: (key) => (storage.has(key) ? storage.get(key) : ''),
    setStorageSync: (key, value) => { storage.set(key, value); },
    removeStorageSync: (key) => { storage.delete(key); },
    nextTick: (callback) => { setTimeout(callback, 0); },
    onMemoryWarning() {}, offMemoryWarning() {}, setKeepScreenOn: nothing('setKeepScreenOn'), vibrateShort: nothing('vibrateShort'),
    createSelectorQuery: () => createSelectorQuery(() => screen.currentPage()),
    createCameraContext: () => ({ onCameraFrame: listenToFrames }),
    createOffscreenCanvas: ({ width = 300, height = 150 } = {}) => Object.assign(document.createElement('canvas'), { width, height, createImage: () => new Image() }),
    canvasToTempFilePath: call('canvasToTempFilePath', canvasToFile),
    chooseMedia: call('chooseMedia', async () => {
      await privacy.need();
      return { type: 'image', tempFiles: [{ tempFilePath: await chooseMedia(options.samples), fileType: 'image' }] };
    }),
    saveImageToPhotosAlbum: call('saveImageToPhotosAlbum', async ({ filePath }) => {
      await privacy.need();
      saveFile(filePath, 'wxnn.png');
    }),
    showShareImageMenu: call('showShareImageMenu', async ({ path }) => {
      const chosen = await showSheet({ title: 'Share', text: 'A stand-in for WeChat\'s menu.', image: path, buttons: [{ text: 'Save', value: 'save' }, { text: 'Close' }] });
      if (chosen) saveFile(path, 'wxnn.png');
    }),
    showToast: call('showToast', ({ title }) => { showToast(title); }), hideToast() {}, showLoading: nothing('showLoading'), hideLoading: nothing('hideLoading'),
    showModal: call('showModal', async ({ title, content, cancelText = 'Cancel', confirmText = 'OK', showCancel = true }) => {
      const buttons = [{ text: confirmText, value: 'yes' }].concat(showCancel ? [{ text: cancelText }] : []);
      const confirm = Boolean(await showSheet({ title, text: content, buttons }));
      return { confirm, cancel: !confirm };
    }),
    setNavigationBarTitle: call('setNavigationBarTitle', ({ title }) => screen.setTitle(title)),
    setNavigationBarColor: nothing('setNavigationBarColor'),
    setTabBarItem: call('setTabBarItem', ({ index, text }) => screen.setTabText(index, text)),
    switchTab: call('switchTab', ({ url }) => screen.open(url)),
    getSetting: call('getSetting', () => ({ authSetting: { 'scope.camera': true } })), openSetting: nothing('openSetting'), authorize: nothing('authorize'),
  };
  if (options.worker) wx.createWorker = createWorker;
  const host = createFileSystemManager('/package/', userFiles), own = createFileSystemManager('/plugin/', new Map());
  return {
    host: { ...wx, env: { USER_DATA_PATH: 'http://usr' }, getFileSystemManager: () => host },
    plugin: { ...wx, createCameraContext: undefined, requirePrivacyAuthorize: undefined, getFileSystemManager: () => own },  // and no env, as in WeChat
    agreeToPrivacy: privacy.agreeToPrivacy,
    cameraOptions: options.camera,
  };
}
