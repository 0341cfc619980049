// What the demo says, in Chinese and English.
const zh = {
  tabs: ['相机', '照片', '测速'],
  other: 'English',
  loading: '正在加载模型…',
  builds: { simd: 'WASM SIMD', plain: 'WASM' }, worker: ' · Worker',
  stays: '一切计算都在本机完成，不上传任何画面',
  boxes: '人脸框', keypoints: '关键点', mesh: '468 点网格',
  privacy: {
    title: '隐私保护提示', agree: '同意', refuse: '拒绝',
    /** @param {string} name */
    text: (name) => `使用相机与相册前，请阅读并同意${name}。画面只在本机用于检测人脸，不会保存或上传。`,
    contract: '《用户隐私保护指引》', refused: '未同意隐私保护指引，无法使用相机与相册', again: '重新查看',
  },
  camera: {
    title: '相机', fps: '帧/秒', ms: '毫秒/帧', faces: '人脸', dropped: '丢帧率', flip: '翻转', turn: '旋转', mirror: '镜像',
    refused: '没有相机权限', settings: '打开设置', waiting: '等待相机…',
    /** @param {string} build @param {number} width @param {number} height */
    backend: (build, width, height) => `${build}${width ? ` · ${width}×${height}` : ''}`,
  },
  photo: {
    title: '照片', choose: '选择照片', save: '保存到相册', empty: '选一张有人脸的照片', working: '正在检测…', saved: '已保存',
    broken: '无法打开这张照片', none: '没有找到人脸',
    /** @param {number} count @param {number} ms */
    found: (count, ms) => `找到 ${count} 张人脸，用时 ${ms} 毫秒`,
    /** @param {number} n */
    face: (n) => `人脸 ${n}`,
    /** @param {number} side @param {number} angle */
    detail: (side, angle) => `宽 ${side} 像素 · 偏转 ${angle}°`,
  },
  benchmark: {
    title: '测速', device: '本机', run: '开始测速', running: '测速中…', share: '分享', results: '每次推理的中位用时（毫秒）', chart: '每秒推理次数',
    reasons: '后端的选择', backend: '后端', model: '模型', absent: '–',
    columns: { simd: 'SIMD', plain: 'WASM', worker: 'Worker', webgl: 'WebGL', cpu: 'JS' },
    models: { full: 'BlazeFace 远近', short: 'BlazeFace 近', mesh: 'FaceMesh' },
    note: '每格运行约半秒，取中位数。手机发热后会变慢，请多测几次。',
    /** @param {string} model */
    at: (model) => `正在测 ${model}`,
  },
};

/** @type {typeof zh} */
const en = {
  tabs: ['Camera', 'Photo', 'Benchmark'],
  other: '中文',
  loading: 'Loading the models…',
  builds: { simd: 'WASM SIMD', plain: 'WASM' }, worker: ' · Worker',
  stays: 'Everything is computed on this phone; no picture leaves it',
  boxes: 'Boxes', keypoints: 'Keypoints', mesh: '468-point mesh',
  privacy: {
    title: 'Privacy', agree: 'Agree', refuse: 'Refuse',
    text: (name) => `Please read and agree to ${name} before using the camera and the album. Pictures are used on this phone to find faces; they are neither stored nor sent.`,
    contract: 'the privacy guidelines', refused: 'Without that agreement there is no camera and no album', again: 'Read again',
  },
  camera: {
    title: 'Camera', fps: 'frames/s', ms: 'ms a frame', faces: 'faces', dropped: 'dropped', flip: 'Flip', turn: 'Turn', mirror: 'Mirror',
    refused: 'The camera may not be used', settings: 'Open settings', waiting: 'Waiting for the camera…',
    backend: (build, width, height) => `${build}${width ? ` · ${width}×${height}` : ''}`,
  },
  photo: {
    title: 'Photo', choose: 'Choose a photo', save: 'Save to album', empty: 'Choose a photo with faces', working: 'Looking for faces…', saved: 'Saved',
    broken: 'This photo cannot be opened', none: 'No face was found',
    found: (count, ms) => `${count} ${count === 1 ? 'face' : 'faces'} in ${ms} ms`,
    face: (n) => `Face ${n}`,
    detail: (side, angle) => `${side} px wide · turned ${angle}°`,
  },
  benchmark: {
    title: 'Benchmark', device: 'This device', run: 'Run', running: 'Running…', share: 'Share', results: 'Median time of one run (ms)', chart: 'Runs per second',
    reasons: 'Why this backend', backend: 'Backend', model: 'Model', absent: '–',
    columns: { simd: 'SIMD', plain: 'WASM', worker: 'Worker', webgl: 'WebGL', cpu: 'JS' },
    models: { full: 'BlazeFace full', short: 'BlazeFace short', mesh: 'FaceMesh' },
    note: 'About half a second for each cell; the median counts. A warm phone is slower: run it more than once.',
    at: (model) => `Measuring ${model}`,
  },
};

const KEY = 'language';

/** "zh" or "en": what was chosen, else the system's. */
function getLanguage() {
  const { language } = wx.getAppBaseInfo ? wx.getAppBaseInfo() : wx.getSystemInfoSync();
  return wx.getStorageSync(KEY) || (/^zh/i.test(language) ? 'zh' : 'en');
}

/** The texts of the user's language; the tabs and the page's title follow. @param {'camera' | 'photo' | 'benchmark'} page */
function getTexts(page) {
  const texts = getLanguage() === 'zh' ? zh : en;
  texts.tabs.forEach((text, index) => wx.setTabBarItem({ index, text }));
  wx.setNavigationBarTitle({ title: texts[page].title });
  return texts;
}

function switchLanguage() {
  wx.setStorageSync(KEY, getLanguage() === 'zh' ? 'en' : 'zh');
}

module.exports = { getLanguage, getTexts, switchLanguage };
