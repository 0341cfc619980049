// wxnn's reasons for a backend, in Chinese. A part that is not known here stays as it is: it is the client's own message.

/** @type {[RegExp, string | ((...parts: string[]) => string)][]} */
const RULES = [
  [/^the simd build passed its self-test$/, 'SIMD 版本通过了自检'],
  [/^the plain build passed its self-test$/, '普通版本通过了自检'],
  [/^not the SIMD build: (.*)$/, (why) => `不用 SIMD 版本：${inChinese(why)}`],
  [/^with every operator: (.*)$/, (why) => `改用含全部算子的版本：${why}`],
  [/^in a worker$/, '在 Worker 中运行'],
  [/^on the main thread$/, '在主线程运行'],
  [/^the worker cannot be used: (.*)$/, (why) => `Worker 不可用：${inChinese(why)}`],
  [/^not WebGL: (.*)$/, (why) => `不用 WebGL：${inChinese(why)}`],
  [/^not WebAssembly: (.*)$/, (why) => `不用 WebAssembly：${inChinese(why)}`],
  [/^not plain JavaScript: (.*)$/, (why) => `不用纯 JS：${inChinese(why)}`],
  [/^not (\S+): (.*)$/, (name, why) => `不用 ${name}：${inChinese(why)}`],
  [/^(\S+), because the host prefers it$/, (name) => `${name}：由小程序指定`],
  [/^the host prefers (\S+), which does not work here$/, (name) => `小程序指定了 ${name}，但这里不可用`],
  [/^(\S+) is the only one that works here$/, (name) => `这里只有 ${name} 可用`],
  [/^(\S+) was the fastest (for this model )?here before$/, (name) => `${name} 是之前实测最快的`],
  [/^(\S+) (?:is|was) the fastest of (.*?)( \(.*)?$/, (name, all) => `${name} 最快：${all.replace(/ ms/g, ' 毫秒')}`],
  [/^(\S+) runs the model in (\S+) ms, which leaves nothing to search for$/, (name, ms) => `${name} 每次 ${ms} 毫秒，无需再比较`],
  [/^WebGL is there but slow.*$/, 'WebGL 可用，但客户端称其很慢'],
  [/^no WebGL: the canvas gives no context$/, '画布不提供 WebGL'],
  [/^(no WebGL: )?the (WebGL )?context was lost$/, 'WebGL 上下文丢失'],
  [/^WebGL without float textures.*$/, 'WebGL 不支持浮点纹理'],
  [/^it computes zeros$/, '结果全为 0'],
  [/^it computes NaN$/, '结果为 NaN'],
  [/^its numbers are wrong by up to (\S+) .*$/, (error) => `数值误差达 ${error}`],
  [/^(?:its )?self-test failed: (.*)$/, (why) => `自检未通过：${why}`],
  [/^the client calls this device slow \(benchmarkLevel (\d+)\)$/, (level) => `客户端认为本机较慢（benchmarkLevel ${level}）`],
  [/^(simd|plain): (\d+) ms$/, (build, ms) => `${build === 'simd' ? 'SIMD 版本' : '普通版本'}启动用时 ${ms} 毫秒`],
];

/** @param {string} reason @returns {string} */
function inChinese(reason) {
  for (const [pattern, text] of RULES) {
    const found = pattern.exec(reason);
    if (found) return typeof text === 'string' ? text : text(...found.slice(1).map((part) => part || ''));
  }
  return reason;
}

module.exports = { inChinese };
