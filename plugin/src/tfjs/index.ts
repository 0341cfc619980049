// The part of the adapter that works with tfjs: tfjs.js in a mini-program.
import { getHost } from '../host';
import type { BackendChoice, ChooseOptions, ChosenModel, ConfigOptions, FileSystem, ModelSource, StorageHandler } from '../types';
import { choose } from './choose';
import { WasmBackend, configure } from './config';
import { fileHandler, storageHandler } from './storage';

export function fileStorageIO(prefix: string, fs: FileSystem = getHost().fileSystem(), userDataPath: string = getHost().userDataPath()): StorageHandler {
  return fileHandler(prefix, fs, userDataPath);
}

export function localStorageIO(path: string): StorageHandler {
  return storageHandler(path);
}

const wasm: WasmBackend | undefined = undefined;

export function configurePlugin(options: ConfigOptions, debug: boolean): Promise<BackendChoice> {
  return configure(options, debug, wasm);
}

export function chooseFor(source: ModelSource, options: ChooseOptions): Promise<ChosenModel> {
  return choose(source, options, wasm);
}
