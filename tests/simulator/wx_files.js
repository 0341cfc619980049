'use strict';
// wx.getFileSystemManager() of a host or a plugin. Runs in Node (15.14 and newer) and in the jsc shell, so: no require.

var MOST = 200 * 1024 * 1024;      // bytes of user files in all
var MAX_READ = 100 * 1024 * 1024;  // bytes in one readFile (miniprogram-ci's list of limits)

/**
 * @param {object} options
 * @param {(path: string) => Uint8Array | undefined} options.readPackage bytes of a file of the code package
 * @param {{[path: string]: Uint8Array}} options.user files of wxfile://usr and wxfile://tmp; read and written
 * @param {(callback: () => void) => void} options.later runs a callback after the present task
 * @param {(bytes: Uint8Array, encoding: string) => string} options.decode
 * @param {{path: string, position: number, length: number}[]} [options.log] gets an entry for each read
 * @param {{write?: (path: string, bytes: number) => string | undefined}} [options.faults] see README.md
 */
exports.createFileSystemManager = function (options) {
  var log = options.log || [];

  function isUser(path) {
    return /^(wxfile:\/\/|http:\/\/(usr|tmp|store)\b)/.test(path);
  }

  function find(path) {
    if (typeof path !== 'string') throw 'parameter error: parameter.filePath should be String instead of ' + Object.prototype.toString.call(path).slice(8, -1) + ';';
    if (/^\.\.?\//.test(path)) throw 'permission denied, open ' + path;
    var bytes = isUser(path) ? options.user[path] : options.readPackage(path);
    if (!bytes) throw 'no such file or directory, open ' + path;
    return bytes;
  }

  function read(request) {
    var bytes = find(request.filePath);
    var position = request.position === undefined ? 0 : request.position;
    var length = request.length === undefined ? bytes.length - position : request.length;
    if (request.position !== undefined && !(position >= 0 && position < bytes.length)) throw 'the value of "position" is out of range';
    if (request.length !== undefined && !(length >= 1 && position + length <= bytes.length)) throw 'the value of "length" is out of range';
    if (length > MAX_READ) throw 'file size exceeds the limit of 100 MB';
    log.push({ path: request.filePath, position: position, length: length });
    var slice = bytes.slice(position, position + length);
    var copy = new Uint8Array(length);
    copy.set(slice);
    return request.encoding ? options.decode(copy, request.encoding) : copy.buffer;
  }

  function bytesOf(request) {
    if (!isUser(request.filePath)) throw 'permission denied, open ' + request.filePath;
    var data = request.data;
    if (Object.prototype.toString.call(data) !== '[object ArrayBuffer]') throw 'parameter error: this simulator writes ArrayBuffers only';
    var fault = options.faults && options.faults.write && options.faults.write(request.filePath, data.byteLength);
    if (fault) throw fault;
    var total = 0;
    Object.keys(options.user).forEach(function (name) { total += name === request.filePath ? 0 : options.user[name].length; });
    if (total + data.byteLength > MOST) throw 'the maximum size of the file storage limit is exceeded';
    return new Uint8Array(new Uint8Array(data));
  }

  function write(request) {
    options.user[request.filePath] = bytesOf(request);
  }

  function append(request) {
    var old = find(request.filePath), more = bytesOf(request), both = new Uint8Array(old.length + more.length);
    both.set(old);
    both.set(more, old.length);
    options.user[request.filePath] = both;
  }

  function remove(request) {
    find(request.filePath);
    if (!isUser(request.filePath)) throw 'permission denied, unlink ' + request.filePath;
    delete options.user[request.filePath];
  }

  /** Directories are what files' paths begin with; one without files is not kept. */
  function list(request) {
    if (!isUser(request.dirPath)) throw 'permission denied, open ' + request.dirPath;
    var start = request.dirPath.replace(/\/*$/, '/'), names = {};
    Object.keys(options.user).forEach(function (name) {
      if (name.indexOf(start) === 0) names[name.slice(start.length).split('/')[0]] = true;
    });
    return Object.keys(names);
  }

  function stat(request) {
    var size = find(request.path).length;
    return { size: size, mode: 33206, isFile: function () { return true; }, isDirectory: function () { return false; } };
  }

  /** WeChat's callback form of a function that returns a value or throws a text. */
  function asynchronous(name, work, field) {
    return function (request) {
      options.later(function () {
        var result;
        try {
          result = { errMsg: name + ':ok' };
          var value = work(request);
          if (field) result[field] = value;
        } catch (message) {
          var failed = { errMsg: name + ':fail ' + message };
          if (request.fail) request.fail(failed);
          if (request.complete) request.complete(failed);
          return;
        }
        if (request.success) request.success(result);
        if (request.complete) request.complete(result);
      });
    };
  }

  function synchronous(name, work) {
    return function (request) {
      try {
        return work(request);
      } catch (message) {
        throw new Error(name + ':fail ' + message);
      }
    };
  }

  var readSync = synchronous('readFileSync', read);
  var writeSync = synchronous('writeFileSync', write);
  return {
    readFile: asynchronous('readFile', read, 'data'),
    readFileSync: function (filePath, encoding, position, length) {
      return readSync({ filePath: filePath, encoding: encoding, position: position, length: length });
    },
    writeFile: asynchronous('writeFile', write),
    writeFileSync: function (filePath, data) { writeSync({ filePath: filePath, data: data }); },
    appendFile: asynchronous('appendFile', append),
    mkdir: asynchronous('mkdir', function (request) {
      if (!isUser(request.dirPath)) throw 'permission denied, mkdir ' + request.dirPath;
    }),
    readdir: asynchronous('readdir', list, 'files'),
    unlink: asynchronous('unlink', remove),
    access: asynchronous('access', function (request) { find(request.path); }),
    stat: asynchronous('stat', stat, 'stats'),
  };
};
