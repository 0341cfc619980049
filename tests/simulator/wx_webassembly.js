'use strict';
// WXWebAssembly as a mini-program sees it. Runs in Node (15.14 and newer) and in the jsc shell, so: no require, no new syntax.

/**
 * @param {object} options
 * @param {(path: string) => Uint8Array | undefined} options.read bytes of a package file, uncompressed
 * @param {'instance' | 'both'} [options.resultShape] clients give an Instance (as the typings say) or {instance, module}
 * @param {object} [options.faults] see README.md
 * @param {{path: string, error: string | undefined}[]} [options.log] gets an entry for each call
 * @param {object} [options.engine] the WebAssembly to run on
 */
exports.createWXWebAssembly = function (options) {
  var engine = options.engine || WebAssembly;
  var faults = options.faults || {};
  var log = options.log || [];
  var attempts = {};

  function refuse(path, imports) {
    // The sentences are WeChat's own (wechat.md, section 1).
    if (typeof path !== 'string') return 'WebAssembly.instantiate: first argument must be a string';
    if (!imports || typeof imports !== 'object') return 'WebAssembly.instantiate: Imports argument must be present and must be an object';
    if (/^(wxfile|https?):/.test(path)) return 'WebAssembly.instantiate: not support wxfile: or http: path';
    if (/^\.\.?\//.test(path)) return 'permission denied, open ' + path;
    if (/\.[^/]*\//.test(path)) return path + ' not absolute path';
    if (!/\.wasm(\.br)?$/.test(path)) return 'load wasm failed!';
    return undefined;
  }

  function instantiate(path, imports) {
    var entry = { path: path, error: undefined };
    log.push(entry);
    attempts[path] = (attempts[path] || 0) + 1;
    function fail(message) {
      entry.error = message;
      return Promise.reject(new Error(message));
    }
    var refusal = refuse(path, imports);
    if (refusal) return fail(refusal);
    var fault = faults.instantiate && faults.instantiate(path, attempts[path]);
    if (fault) return fail(fault);
    var bytes = options.read(path);
    if (!bytes) return fail('load wasm failed!');
    if (bytes.length < 8) {
      return fail("wasm streaming compile failed: CompileError: WebAssembly.Module doesn't parse at byte 0: expected a module of at least 8 bytes");
    }
    return engine.instantiate(bytes, imports).then(function (result) {
      engine.Module.exports(result.module).forEach(function (item) {
        if (item.kind === 'global') throw new Error('iOS cannot export the Global "' + item.name + '"');
      });
      var instance = { exports: result.instance.exports };
      if (faults.exports) instance.exports = faults.exports(path, instance.exports);
      return options.resultShape === 'both' ? { instance: instance, module: {} } : instance;
    }).catch(function (error) {
      entry.error = error.name + ': ' + error.message;
      throw new Error(entry.error);
    });
  }

  // What a real iPhone's log shows, less Global, which the typings do not have: no compile, validate, Module.
  return { instantiate: instantiate, Memory: engine.Memory, Table: engine.Table, Instance: engine.Instance };
};
