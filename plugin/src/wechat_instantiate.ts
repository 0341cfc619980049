// Binaries by WXWebAssembly, in the logic layer and in a worker.
import { fail } from './checks';
import type { WasmExports, WasmImports } from './host';

declare const WXNN_BASE_LIBRARY: string;  // the oldest one, from project.config.json's libVersion
declare const WXNN_WASM: string;  // the package path of the binaries in this form of the package, put in by tools/bundle.js
const kTries = 3;
const kRetryDelay = 200;  // ms

/** iOS throws from instantiate now and then, so a failure that is not about the code itself is tried again. */
export async function instantiate(file: string, imports: () => WasmImports | Promise<WasmImports>, directory = WXNN_WASM): Promise<WasmExports> {
  if (typeof WXWebAssembly === 'undefined') {
    fail(`this WeChat client has no WXWebAssembly: wxnn needs base library ${WXNN_BASE_LIBRARY} or newer.`);
  }
  const path = packagePath(directory, file);
  const given = await imports();
  for (let attempt = 1; ; attempt++) {
    try {
      // The typings promise an Instance; clients are known to give {instance, module} as well.
      const result = (await WXWebAssembly.instantiate(path, given)) as WXWebAssembly.Instance & { instance?: WXWebAssembly.Instance };
      const instance = result && (result.instance || result);
      if (!instance || !instance.exports) fail('the client gave no instance');
      return instance.exports as unknown as WasmExports;
    } catch (error) {
      const message = messageOf(error);
      if (attempt === kTries || /CompileError|opcode|simd|doesn't parse|not support|permission denied|must be/i.test(message)) {
        fail(`WXWebAssembly could not load "${path}": ${message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, kRetryDelay * attempt));
    }
  }
}

/** WeChat takes paths from the package's root only, and fails on a directory with a dot in its name. */
function packagePath(directory: string, file: string): string {
  const trimmed = '/' + directory.replace(/^\/+|\/+$/g, '');
  if (/[.:]/.test(trimmed)) {
    fail(`wasmPath must be a directory of the code package such as "/wasm", with no dots in it; this is "${directory}".`);
  }
  return (trimmed === '/' ? '' : trimmed) + '/' + file;
}

function messageOf(error: unknown): string {
  const { message, errMsg } = (error || {}) as { message?: string; errMsg?: string };
  return message || errMsg || String(error);
}
