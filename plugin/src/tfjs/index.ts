// The part of the adapter that works with tfjs: tfjs.js in a mini-program.
import { getHost } from '../host';
import type { FileSystem, StorageHandler } from '../types';
import { fileHandler, storageHandler } from './storage';

export function fileStorageIO(prefix: string, fs: FileSystem = getHost().fileSystem(), userDataPath: string = getHost().userDataPath()): StorageHandler {
  return fileHandler(prefix, fs, userDataPath);
}

export function localStorageIO(path: string): StorageHandler {
  return storageHandler(path);
}

export { accelerateConverter, loadTfGraphModel, setConverter } from './load_graph_model';
export { registerTfBackend, reportKernels } from './register';
