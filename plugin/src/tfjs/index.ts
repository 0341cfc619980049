// The part of the adapter that works with tfjs: tfjs.js in a mini-program.
import type { BackendChoice, ConfigOptions } from '../types';
import { configure } from './config';
import { setConverter } from './load_graph_model';

export { loadBackendModel as loadOnBackend } from './backend_model';
export { choose as chooseFor } from './choose';
export { accelerateConverter, loadTfGraphModel } from './load_graph_model';
export { registerTfBackend, reportKernels } from './register';

export function configurePlugin(options: ConfigOptions, debug: boolean): Promise<BackendChoice> {
  if (options && options.converter) setConverter(options.converter);
  return configure(options, debug);
}
