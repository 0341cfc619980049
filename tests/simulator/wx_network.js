'use strict';
// wx.request and wx.downloadFile, answered from a table: nothing leaves the process.

const AT_ONCE = 10;        // WeChat's limit
const LONGEST = 60000;     // ms, WeChat's longest time-out

/**
 * What one address answers: its bytes or text, or more about it.
 * @typedef {Uint8Array | string | {
 *   status?: number | string, header?: {[name: string]: string}, body?: Uint8Array | string,
 *   delay?: number, fail?: string, hang?: boolean, ranges?: boolean}} Answer
 *   ranges: a Range header is honoured, and If-Range with the answer's ETag; delay: ms until it comes; fail: "timeout", "url not in domain list"…, what follows "request:fail "; hang: nothing ever comes
 */

/**
 * @param {object} options
 * @param {{[url: string]: Answer | ((request: {url: string, attempt: number, way: string, header: object}) => Answer)}} options.urls
 * @param {(callback: () => void, ms: number) => unknown} options.later
 * @param {(id: unknown) => void} options.cancel
 * @param {(bytes: Uint8Array) => string} options.keepTemporary keeps a downloaded file and gives its path
 * @param {{url: string, way: string, result: string | undefined, atOnce: number}[]} options.log
 */
function createNetwork({ urls, later, cancel, keepTemporary, log }) {
  const domains = new Set(Object.keys(urls).map(domainOf));
  const attempts = {};
  let running = 0;

  function answerOf(url, way, header) {
    if (typeof url !== 'string' || !/^https?:\/\/[^/]+/.test(url)) return { fail: `invalid url "${url}"` };
    if (!domains.has(domainOf(url))) return { fail: 'url not in domain list' };
    attempts[url] = (attempts[url] || 0) + 1;
    let answer = urls[url];
    if (typeof answer === 'function') answer = answer({ url, way, header, attempt: attempts[url] });
    if (answer === undefined) return { status: 404, header: { 'Content-Type': 'text/html' }, body: '<!DOCTYPE html><h1>404 Not Found</h1>' };
    const whole = typeof answer === 'string' || isBytes(answer) ? { body: answer } : answer;
    return whole.ranges ? partOf(whole, header) : whole;
  }

  /** As a server does that knows ranges. */
  function partOf(whole, asked) {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(asked.Range || '') || [];
    const { header = {}, body } = whole;
    if (first === undefined || (asked['If-Range'] && asked['If-Range'] !== header.ETag)) return whole;
    if (Number(first) >= body.length) return { status: 416, header: { 'Content-Range': `bytes */${body.length}` }, body: '' };
    const end = Math.min(Number(last) + 1, body.length);
    return { ...whole, status: 206, body: body.slice(Number(first), end), header: { ...header, 'Content-Range': `bytes ${first}-${end - 1}/${body.length}` } };
  }

  /** Runs one transfer; `deliver` makes the success result of what came. */
  function transfer(way, options, deliver) {
    const entry = { url: options.url, way, range: (options.header || {}).Range, result: undefined, atOnce: ++running };
    log.push(entry);
    const timers = [];
    const task = { progress: [] };
    const end = (callback, result) => {
      if (entry.result !== undefined) return;
      running--;
      timers.forEach(cancel);
      entry.result = result.errMsg;
      if (callback) callback(result);
      if (options.complete) options.complete(result);
    };
    const fail = (text, errno) => end(options.fail, { errMsg: `${way}:fail ${text}`, errno });
    const soon = (callback, ms) => timers.push(later(callback, ms));

    const { status = 200, header = {}, body = '', delay = 1, fail: failure, hang } = answerOf(options.url, way, options.header || {});
    const longest = Math.min(options.timeout || LONGEST, LONGEST);
    if (running > AT_ONCE) soon(() => fail('interrupted', 600003), 0);
    else if (hang) { /* not even the time-out ends it, as reported of some phones */ }
    else if (delay > longest) soon(() => fail('timeout', 5), longest);
    else if (failure !== undefined) soon(() => fail(failure, 600002), delay);
    else {
      const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body;
      soon(() => {
        for (const listener of task.progress) {
          listener({ progress: 100, totalBytesWritten: bytes.length, totalBytesExpectedToWrite: bytes.length });
        }
        end(options.success, { errMsg: `${way}:ok`, statusCode: status, header, ...deliver(bytes) });
      }, delay);
    }
    task.abort = () => fail('abort');
    return task;
  }

  return {
    request(options) {
      const { abort } = transfer('request', options, (bytes) => {
        const copy = new Uint8Array(bytes);
        return { data: options.responseType === 'arraybuffer' ? copy.buffer : Buffer.from(copy).toString('utf8') };
      });
      return { abort, onHeadersReceived() {}, offHeadersReceived() {} };
    },
    downloadFile(options) {
      const { abort, progress } = transfer('downloadFile', options, (bytes) => ({ tempFilePath: keepTemporary(new Uint8Array(bytes)) }));
      return { abort, onProgressUpdate(listener) { progress.push(listener); }, onHeadersReceived() {} };
    },
  };
}

function domainOf(url) {
  const match = /^https?:\/\/[^/?#]+/.exec(url);
  return match ? match[0] : '';
}

function isBytes(value) {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

module.exports = { createNetwork };
