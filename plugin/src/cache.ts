// Downloaded files kept under the host's user data path: each with its size and checksum, half of one where a download was
// cut off, and the least recently used thrown out where all would be too much.
import { utf8Decode, utf8Encode } from './text';
import { readFile } from './files';
import type { CacheOptions, FileSystem } from './types';
import { removeFile, writeFile, writeSlice } from './write_file';

/** What the index says of one file. */
interface Entry {
  url: string;
  /** Of the whole file, in bytes. */
  size: number;
  /** Of the whole file once it is there; undefined while it is a part. */
  sum?: number;
  /** The server's ETag or date, for going on with a part. */
  validator?: string;
  /** When it was last read or written. */
  used: number;
}

/** A download that was cut off. */
export interface Part {
  bytes: Uint8Array;
  size: number;
  validator: string;
}

const kPrefix = 'wxnn-';        // of every file here: the directory is the host's
const kIndex = kPrefix + 'index.json';
const kMost = 64 << 20;         // bytes, unless the host says otherwise

/** One for each directory, kept for the program's life; its steps run one after the other. */
export class Cache {
  private entries: { [file: string]: Entry } = {};
  private last: Promise<unknown>;

  constructor(readonly fs: FileSystem, readonly directory: string) {
    this.last = this.open();
  }

  /** The whole file, or undefined where it is not kept or was damaged (then it is removed). */
  read(url: string): Promise<Uint8Array | undefined> {
    return this.step(async () => {
      const file = fileOf(url);
      const entry = this.entries[file];
      if (!entry || entry.url !== url || entry.sum === undefined) return undefined;
      const bytes = await this.bytesOf(file);
      if (!bytes || bytes.length !== entry.size || sumOf(bytes) !== entry.sum) {
        await this.drop(file);
        return undefined;
      }
      entry.used = Date.now();
      await this.writeIndex();
      return bytes;
    });
  }

  /** What there is of a file that was not finished. */
  part(url: string): Promise<Part | undefined> {
    return this.step(async () => {
      const file = fileOf(url);
      const entry = this.entries[file];
      if (!entry || entry.url !== url || entry.sum !== undefined || !entry.validator) return undefined;
      const bytes = await this.bytesOf(file);
      return bytes && bytes.length < entry.size ? { bytes, size: entry.size, validator: entry.validator } : undefined;
    });
  }

  /** Keeps a slice that follows the `before` bytes which are there. Nothing is kept where there is no room or no permission. */
  append(url: string, slice: Uint8Array, before: number, size: number, validator: string, options: CacheOptions): Promise<boolean> {
    return this.keep(url, options, { url, size, validator, used: Date.now() }, (path) => writeSlice(this.fs, path, slice, before > 0));
  }

  /** Keeps a file, all of whose slices were appended (`appended`) or which came in one piece. */
  finish(url: string, bytes: Uint8Array, appended: boolean, options: CacheOptions): Promise<boolean> {
    const entry = { url, size: bytes.length, sum: sumOf(bytes), used: Date.now() };
    return this.keep(url, options, entry, async (path) => (appended ? undefined : writeFile(this.fs, path, bytes)));
  }

  /** Forgets what `matches`. */
  remove(matches: (url: string) => boolean): Promise<void> {
    return this.step(async () => {
      for (const file of Object.keys(this.entries)) if (matches(this.entries[file].url)) await this.drop(file);
    });
  }

  /** A failure here never fails a download: the step gives undefined. */
  private step<T>(work: () => Promise<T>): Promise<T | undefined> {
    const result = this.last.then(work).catch(() => undefined);
    this.last = result;
    return result;
  }

  private async keep(url: string, { bytes: most = kMost }: CacheOptions, entry: Entry, write: (path: string) => Promise<void>): Promise<boolean> {
    const kept = await this.step(async () => {
      const file = fileOf(url);
      if (entry.size > most) return false;
      await this.makeRoom(most - entry.size, file);
      try {
        await write(this.pathOf(file));
      } catch (error) {
        // The host's own files may have filled the space: once more, with nothing else of ours there.
        await this.makeRoom(0, file);
        try {
          await write(this.pathOf(file));
        } catch {
          await this.drop(file);
          throw error;
        }
      }
      this.entries[file] = entry;
      await this.writeIndex();
      return true;
    });
    return kept === true;
  }

  /** Throws out the least recently used until the others take `most` bytes at most. */
  private async makeRoom(most: number, exceptFor: string): Promise<void> {
    const others = Object.keys(this.entries).filter((file) => file !== exceptFor).sort((a, b) => this.entries[a].used - this.entries[b].used);
    let sum = others.reduce((all, file) => all + this.entries[file].size, 0);
    for (const file of others) {
      if (sum <= most) return;
      sum -= this.entries[file].size;
      await this.drop(file);
    }
  }

  private async drop(file: string): Promise<void> {
    await removeFile(this.fs, this.pathOf(file));
    Reflect.deleteProperty(this.entries, file);
    await this.writeIndex();
  }

  private bytesOf(file: string): Promise<Uint8Array | undefined> {
    return readFile(this.pathOf(file), { fs: this.fs }).catch(() => undefined);
  }

  private writeIndex(): Promise<void> {
    return writeFile(this.fs, this.pathOf(kIndex), utf8Encode(JSON.stringify(this.entries)));
  }

  private pathOf(file: string): string {
    return `${this.directory}/${file}`;
  }

  /** Reads the index, and removes files that it does not know (a program that was killed while it wrote). */
  private async open(): Promise<void> {
    try {
      const index = JSON.parse(utf8Decode((await this.bytesOf(kIndex))!));
      for (const file of Object.keys(index)) if (isEntry(index[file])) this.entries[file] = index[file];
    } catch {
      // there is none yet, or it is broken: then all is fetched again
    }
    for (const file of await list(this.fs, this.directory)) {
      if (file.indexOf(kPrefix) === 0 && file !== kIndex && !this.entries[file]) await removeFile(this.fs, this.pathOf(file));
    }
  }
}

function isEntry(entry: Entry | undefined): boolean {
  return !!entry && typeof entry.url === 'string' && entry.size >= 0 && typeof entry.used === 'number';
}

function list(fs: FileSystem, dirPath: string): Promise<string[]> {
  return new Promise((resolve) => {
    if (!fs.readdir) return resolve([]);
    fs.readdir({ dirPath, success: ({ files }) => resolve(files), fail: () => resolve([]) });
  });
}

/** A file name for a URL: 64 bits of it. A collision shows in the entry's url and costs a download. */
function fileOf(url: string): string {
  let a = 0x811c9dc5, b = 0x9747b28c;
  for (let i = 0; i < url.length; i++) {
    a = Math.imul(a ^ url.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ url.charCodeAt(i), 0x85ebca6b) + (b >>> 13);
  }
  return `${kPrefix}${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}`;
}

/** By words, because mini-programs on an iPhone interpret this. */
export function sumOf(bytes: Uint8Array): number {
  const whole = bytes.length >> 2;
  const aligned = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, whole);
  let sum = bytes.length;
  for (let i = 0; i < whole; i++) {
    sum = Math.imul(sum ^ words[i], 0x01000193);
    sum ^= sum >>> 15;
  }
  for (let i = whole * 4; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i], 0x01000193);
  return sum >>> 0;
}

const caches: Cache[] = [];

/** The cache that options mean, or undefined where nothing can be kept. */
export function cacheOf(fs: FileSystem, directory: string): Cache | undefined {
  if (!fs.writeFile || !fs.appendFile || !fs.unlink) return undefined;
  for (const cache of caches) if (cache.fs === fs && cache.directory === directory) return cache;
  const cache = new Cache(fs, directory);
  caches.push(cache);
  return cache;
}
