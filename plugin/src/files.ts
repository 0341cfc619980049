// Files of the code package and of the user's directory, through a FileSystemManager (the host's, or one of its shape).
import { FetchOptions, checkAborted, getHost } from './host';
import { asBytes, fail } from './checks';
import { utf8Encode } from './text';
import type { FileSystem } from './types';

const kSlice = 4 << 20;  // bytes: a read's copy across WeChat's bridge stays small

/** Package paths, wxfile:// and what DevTools writes in its place (http://usr, http://tmp, http://store); not other URLs. */
export function isFilePath(path: string, userDataPath?: string): boolean {
  if (userDataPath && path.indexOf(userDataPath) === 0) return true;
  return /^(wxfile:|file:|https?:\/\/(usr|tmp|store)(\/|$))/.test(path) || !/^[a-z][a-z0-9+.-]*:/i.test(path);
}

/** The whole file; large ones in slices. */
export async function readFile(path: string, options: FetchOptions): Promise<Uint8Array> {
  const fs = options.fs || getHost().fileSystem();
  const filePath = path.replace(/^file:\/\//, '');
  const size = await sizeOf(fs, filePath);
  if (size === undefined || size <= kSlice) return readSlice(fs, path, { filePath });
  const bytes = new Uint8Array(size);
  for (let position = 0; position < size; position += kSlice) {
    checkAborted(options.signal, `"${path}"`);
    const length = Math.min(kSlice, size - position);
    const slice = await readSlice(fs, path, { filePath, position, length });
    if (slice.length !== length) fail(`could not read "${path}": it ended at byte ${position + slice.length} of ${size}.`);
    bytes.set(slice, position);
    if (options.onBytes) options.onBytes(position + length, size);
  }
  return bytes;
}

/** Undefined where the platform will not say; the read that follows then says what is wrong. */
function sizeOf(fs: FileSystem, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    if (!fs.stat) return resolve(undefined);
    fs.stat({
      path,
      success: (result: { stats?: { size?: number } }) => resolve(result.stats && result.stats.size),
      fail: () => resolve(undefined),
    });
  });
}

function readSlice(fs: FileSystem, path: string, where: { filePath: string; position?: number; length?: number }): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    fs.readFile({
      ...where,
      success: ({ data }) => resolve(asBytes(data) || utf8Encode(String(data))),
      fail: ({ errMsg }) => reject(new Error(`could not read "${path}": ${errMsg}`)),
    });
  });
}
