// WeChat's privacy authorisation (base library 2.32.3): camera and album wait until the user has agreed, and only a
// mini-program can ask, no plugin. The page that is shown lends its <privacy-sheet>.

/** @type {((event: {event: 'agree' | 'disagree' | 'exposureAuthorization', buttonId?: string}) => void)[]} */
let waiting = [];
/** @type {undefined | (() => void)} */
let showSheet;

/** To be called once, before anything needs the authorisation. */
function watchPrivacy() {
  if (!wx.onNeedPrivacyAuthorization) return;
  wx.onNeedPrivacyAuthorization((resolve) => {
    waiting.push(/** @type {any} */ (resolve));
    if (showSheet) showSheet();
  });
}

/** Who shows the sheet from now on. @param {() => void} show */
function lendSheet(show) {
  showSheet = show;
  if (waiting.length) show();
}

/** @param {boolean} agreed @param {string} buttonId */
function answerPrivacy(agreed, buttonId) {
  const asked = waiting;
  waiting = [];
  for (const resolve of asked) resolve(agreed ? { event: 'agree', buttonId } : { event: 'disagree' });
}

/** Resolves when the user has agreed, or never had to. Rejects when the user refuses. */
function requirePrivacy() {
  if (!wx.requirePrivacyAuthorize) return Promise.resolve();
  return new Promise((success, fail) => { wx.requirePrivacyAuthorize({ success, fail }); });
}

module.exports = { watchPrivacy, lendSheet, answerPrivacy, requirePrivacy };
