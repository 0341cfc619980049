// The build with threads (cmake/wasm_threads.cmake), in Emscripten's glue. For Node and web pages alone: mini-programs have none.
import { fail } from './checks';
import { Engine, tested, wxnnRead } from './engine';
import type { WasmExports } from './host';

/** What the glue makes of its settings: exports by name with a "_" in front. */
export type ThreadsModule = { wasmMemory: WasmExports['memory'] } & { [name: string]: unknown };
export type CreateThreads = (settings: { wxnnThreads: number; wxnnRead: typeof wxnnRead }) => Promise<ThreadsModule>;

function exportsOf(module: ThreadsModule): WasmExports {
  const exports: { [name: string]: unknown } = {};
  for (const name of Object.keys(module)) {
    if (name.startsWith('_wxnn_')) exports[name.slice(1)] = module[name];
  }
  return { ...exports, memory: module.wasmMemory };
}

/** The engine that `create` makes, which has every operator. */
export async function startOn(create: CreateThreads, threads: number, variant: string, reasons: string[]): Promise<Engine> {
  if (variant === 'plain') fail('the plain build has no threads');
  const engine = new Engine(exportsOf(await create({ wxnnThreads: threads, wxnnRead })), 'simd', reasons, '-tfjs');
  engine.demand('', 'wxnn_set_threads', threads);
  reasons.push(`${threads} threads`);
  return tested(engine);
}
