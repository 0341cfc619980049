// What the demo says, in Chinese and English.
const texts = {
  zh: {
    title: '照片中的人脸',
    choose: '选择照片',
    loading: '正在加载模型…',
    ready: '选一张有人脸的照片',
    working: '正在检测…',
    /** @param {number} count @param {number} ms */
    found: (count, ms) => `找到 ${count} 张人脸，用时 ${ms} 毫秒`,
    /** @param {string} variant */
    backend: (variant) => `运行于 ${variant} 版 WebAssembly，照片不会离开手机`,
    picture: '无法打开这张照片',
  },
  en: {
    title: 'Faces in a photo',
    choose: 'Choose a photo',
    loading: 'Loading the model…',
    ready: 'Choose a photo with faces',
    working: 'Looking for faces…',
    /** @param {number} count @param {number} ms */
    found: (count, ms) => `${count} ${count === 1 ? 'face' : 'faces'} in ${ms} ms`,
    /** @param {string} variant */
    backend: (variant) => `Runs on the ${variant} WebAssembly build; the photo stays on this phone`,
    picture: 'This photo cannot be opened',
  },
};

/** The texts of the user's language: Chinese for any Chinese, otherwise English. */
function chooseTexts() {
  const { language } = wx.getAppBaseInfo ? wx.getAppBaseInfo() : wx.getSystemInfoSync();
  return /^zh/i.test(language) ? texts.zh : texts.en;
}

module.exports = { chooseTexts };
