// Emscripten's glue of the build with threads (cmake/wasm_threads.cmake), as the exports that engine.ts calls. For Node and web pages.
import type { WasmExports } from './host';

/** What the glue makes of its settings: exports by name with a "_" in front. */
export type ThreadsModule = { wasmMemory: WasmExports['memory'] } & { [name: string]: unknown };
export type CreateThreads = (settings: { wxnnThreads: number }) => Promise<ThreadsModule>;

export function exportsOf(module: ThreadsModule): WasmExports {
  const exports: { [name: string]: unknown } = {};
  for (const name of Object.keys(module)) {
    if (name.startsWith('_wxnn_')) exports[name.slice(1)] = module[name];
  }
  return { ...exports, memory: module.wasmMemory };
}
