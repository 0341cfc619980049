// Writing user files through a FileSystemManager.
import type { FileSystem } from './types';

const kSlice = 4 << 20;  // bytes: a write's copy across WeChat's bridge stays small

/** Writes a file anew, in slices. Rejects with the platform's text. */
export async function writeFile(fs: FileSystem, filePath: string, bytes: Uint8Array): Promise<void> {
  await removeFile(fs, filePath);
  for (let at = 0; at === 0 || at < bytes.length; at += kSlice) await writeSlice(fs, filePath, bytes.subarray(at, at + kSlice), at > 0);
}

/** Writes a file's first bytes, or more of them. */
export function writeSlice(fs: FileSystem, filePath: string, bytes: Uint8Array, append: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const request = { filePath, data, success: () => resolve(), fail: ({ errMsg }: { errMsg: string }) => reject(new Error(errMsg)) };
    if (append) fs.appendFile!(request);
    else fs.writeFile!(request);
  });
}

/** Removes a file, if it is there. */
export function removeFile(fs: FileSystem, filePath: string): Promise<void> {
  return new Promise((resolve) => fs.unlink!({ filePath, success: resolve, fail: () => resolve() }));
}
