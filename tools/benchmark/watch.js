'use strict';
// The time that calls spend in the engine's binary, for what is told apart from JavaScript.

/**
 * Milliseconds in the binaries' exports whose names `isWatched`, from here on. Before the engine starts.
 * @param {(name: string) => boolean} isWatched
 * @returns {{ms: number}}
 */
function watchBinary(isWatched) {
  const spent = {ms: 0};
  const {instantiate} = WebAssembly;
  const timed = (run) => (...args) => {
    const start = performance.now();
    try {
      return run(...args);
    } finally {
      spent.ms += performance.now() - start;
    }
  };
  const watched = ({exports}) => ({
    exports: Object.fromEntries(Object.entries(exports).map(([name, value]) => [name, typeof value === 'function' && isWatched(name) ? timed(value) : value])),
  });
  WebAssembly.instantiate = /** @type {any} */ (async (...args) => {
    const result = /** @type {any} */ (await instantiate.apply(WebAssembly, /** @type {any} */ (args)));
    return result.instance ? {...result, instance: watched(result.instance)} : watched(result);
  });
  return spent;
}

module.exports = {watchBinary};
