// The part of the adapter that works with tfjs: tfjs.js in a mini-program.
import { getEngine } from '../engine';
import { getHost } from '../host';
import type { BackendChoice, ChooseOptions, ChosenModel, ConfigOptions, EngineOptions, FileSystem, LoadOptions, Model, ModelSource, StorageHandler } from '../types';
import { loadBackendModel } from './backend_model';
import { choose } from './choose';
import { WasmBackend, configure } from './config';
import { setConverter } from './load_graph_model';
import { registerTfBackend } from './register';
import { fileHandler, storageHandler } from './storage';

export function fileStorageIO(prefix: string, fs: FileSystem = getHost().fileSystem(), userDataPath: string = getHost().userDataPath()): StorageHandler {
  return fileHandler(prefix, fs, userDataPath);
}

export function localStorageIO(path: string): StorageHandler {
  return storageHandler(path);
}

export { accelerateConverter, loadTfGraphModel } from './load_graph_model';
export { registerTfBackend, reportKernels } from './register';

const wasm: WasmBackend = {
  register: registerTfBackend,
  async start(options) {
    const { variant, reasons } = await getEngine(options as EngineOptions, '-tfjs');
    return { variant, reasons: reasons.slice() };
  },
};

export function configurePlugin(options: ConfigOptions, debug: boolean): Promise<BackendChoice> {
  if (options && options.converter) setConverter(options.converter);
  return configure(options, debug, wasm);
}

export function chooseFor(source: ModelSource, options: ChooseOptions): Promise<ChosenModel> {
  return choose(source, options, wasm);
}

export function loadOnBackend(source: ModelSource, options: LoadOptions): Promise<Model> {
  return loadBackendModel(source, options, wasm);
}
