// The hand-written loader of the binary (native/wasm/abi.md), and the choice between its builds.
import { checkInteger, fail, lengthOf, viewsOf } from './checks';
import { getHost } from './host';
import type { Host, WasmExports } from './host';
import { utf8Decode } from './text';
import type { Build, EngineOptions } from './types';

/** While wxnn_load runs: copies so many bytes of the file, from `where` on, to a place in the heap; false where they are not in the file. */
let readBytes: ((where: number, bytes: number, to: number) => boolean) | undefined;

/** The binary's import. */
export const wxnnRead = (...range: [number, number, number]): boolean => readBytes!(...range);

const kOther = 'it is of another version.';

/**
 * One instance of the binary. Pointers are byte offsets into its heap. The heap moves to a new buffer when it grows, so
 * views of it are made afresh wherever they are needed.
 *
 * After a trap (a bug, or no memory left) nothing in the instance can be trusted: every later call throws, and the next
 * loadModel starts a new instance.
 */
export class Engine {
  /** Why this instance is not used any more, or undefined while it works. */
  stopped: string | undefined;
  private bytes: Uint8Array;

  constructor(
    private readonly exports: WasmExports, readonly variant: Build, readonly reasons: string[], readonly profile: Profile,
  ) {
    this.bytes = new Uint8Array(exports.memory.buffer);
    if (typeof exports._initialize === 'function') this.call('_initialize');
  }

  /** An export itself, for calls by the thousand. What it throws goes to stop(). */
  functionOf(name: string): (...args: number[]) => number {
    const run = this.exports[name] as (...args: number[]) => number;
    if (typeof run !== 'function') fail(`the binary has no ${name}: ${kOther}`);
    return run;
  }

  /** After a trap: throws, and so does every later call. */
  stop(where: string, error: unknown): never {
    this.stopped = (error as Error).message || String(error);
    return fail(`the engine stopped in ${where}: ${this.stopped}; load the model again.`);
  }

  /** Calls an export. */
  call(name: string, ...args: number[]): number {
    if (this.stopped) fail(`the engine stopped earlier (${this.stopped}); load the model again.`);
    const run = this.functionOf(name);
    try {
      return run(...args);
    } catch (error) {
      return this.stop(name, error);
    }
  }

  /** Calls an export that gives a pointer, a handle or a success: throws its sentence when that is 0, with `place` in front. */
  demand(place: string, name: string, ...args: number[]): number {
    const result = this.call(name, ...args) >>> 0;
    if (!result) throw this.failure(place, name);
    return result;
  }

  /** The last failure's sentence as an error. */
  failure(place: string, name: string): Error {
    return new Error(place + (this.text(this.call('wxnn_error') >>> 0) || `${name} failed.`));
  }

  /** All of the heap; valid until the next call. */
  heap(): Uint8Array {
    if (this.bytes.buffer !== this.exports.memory.buffer) this.bytes = new Uint8Array(this.exports.memory.buffer);
    return this.bytes;
  }

  buffer(): ArrayBuffer {
    return this.heap().buffer as ArrayBuffer;
  }

  text(pointer: number): string {
    const heap = this.heap();
    return pointer ? utf8Decode(heap.slice(pointer, heap.indexOf(0, pointer))) : '';  // a TextDecoder takes no shared memory
  }

  json(name: string, ...args: number[]): unknown {
    return JSON.parse(this.text(this.demand('', name, ...args)));
  }

  /** A block of the heap; the caller frees it. `what` names its content in the sentence when there is no memory. */
  allocate(bytes: number, what: string): number {
    const pointer = this.call('wxnn_malloc', bytes) >>> 0;
    if (!pointer) fail(`there is no memory for ${what} (${bytes} bytes).`);
    return pointer;
  }

  /** A block with a copy of the pieces, one after the other; the caller frees it, or hands it on. */
  place(pieces: Uint8Array[], what: string): number {
    const pointer = this.allocate(lengthOf(pieces), what);
    this.put(pieces, pointer);
    return pointer;
  }

  private put(pieces: Uint8Array[], pointer: number): void {
    const heap = this.heap();
    pieces.reduce((at, piece) => (heap.set(piece, at), at + piece.length), pointer);
  }

  /**
   * A model's handle. Of its file's pieces only the first goes into the heap; bytes of all of them are asked for one constant after the
   * other, as its kernels are made, and need not lie there together.
   */
  modelOf(place: string, name: string, pieces: Uint8Array[]): number {
    const block = this.place([pieces[0]], name);  // the engine's from wxnn_load on, also when it fails
    readBytes = (where, bytes, to) => {
      const views = viewsOf(pieces, where, where + bytes);
      this.put(views, to);
      return lengthOf(views) === bytes;
    };
    try {
      return this.demand(place, 'wxnn_load', block, pieces[0].length, lengthOf(pieces));
    } finally {
      readBytes = undefined;
    }
  }

  /** Gives a model's inputs these shapes, all at once; undefined leaves one as it is. */
  resizeModel(place: string, model: number, shapes: (readonly number[] | undefined)[]): void {
    const list: number[] = [];
    for (const shape of shapes) list.push(...(shape ? [shape.length, ...shape] : [-1]));
    const block = this.place([new Uint8Array(Int32Array.from(list).buffer)], 'shapes');
    try {
      this.demand(place, 'wxnn_model_resize', model, block);
    } finally {
      this.free(block);
    }
  }

  /** Calls an export that gives nothing, unless the engine has stopped. */
  tell(name: string, pointer: number): void {
    if (!this.stopped) this.call(name, pointer);
  }

  free(pointer: number): void {
    if (pointer && !this.stopped) this.call('wxnn_free', pointer);
  }
}

const engines: { [key: string]: Promise<Engine> | undefined } = {};

// Of this package's binaries, put in by tools/bundle.js: those that run models (a package for tfjs has the larger ones alone), and
// whether there are larger ones besides.
declare const WXNN_PROFILE: Profile;
declare const WXNN_LARGER: boolean;

/** What a binary can do: the operators that models of phones use, or every operator and single ones for tfjs as well. */
export type Profile = '' | '-tfjs';

const kFull: Profile = '-tfjs';

/** The engine that these options mean: one for all models that ask for the same. One with every operator that runs already will do. */
export async function getEngine(options: EngineOptions, profile: Profile = WXNN_PROFILE): Promise<Engine> {
  const { variant = 'auto', numThreads = 1, wasmPath } = options;
  if (!/^(auto|simd|plain|relaxed)$/.test(variant)) fail(`variant must be "auto", "simd", "plain" or "relaxed"; this is ${JSON.stringify(variant)}.`);
  checkInteger('numThreads', numThreads, 1, 16);
  const keyOf = (of: Profile) => [variant, of, numThreads, wasmPath].join();
  const key = keyOf(profile);
  const running = (await runningAt(keyOf(kFull))) || (await runningAt(key));
  return running || engines[key] || (engines[key] = chooseEngine(getHost(), variant, profile, wasmPath, numThreads));
}

async function runningAt(key: string): Promise<Engine | undefined> {
  const known = engines[key];
  const engine = known && (await known.catch(() => undefined));
  if (engine && !engine.stopped) return engine;
  if (engines[key] === known) engines[key] = undefined;
  return undefined;
}

/** After `error` of an engine that lacks operators of a model: the one that has all. Throws a sentence where this package has none. */
export async function getFullEngine({ profile }: Engine, error: unknown, options: EngineOptions): Promise<Engine> {
  const { message } = error as Error;
  if (profile || !/this build does not have/.test(message)) throw error;
  try {
    if (WXNN_LARGER) return await getEngine(options, kFull);
  } catch {
    // it is not where wasmPath says
  }
  return fail(`${message}; the package that tools/package --tfjs makes has every operator.`);
}

async function chooseEngine(host: Host, variant: string, profile: Profile, wasmPath: string | undefined, threads: number): Promise<Engine> {
  const reasons: string[] = [];
  if (threads > 1) {
    try {
      if (!host.startThreads) fail('this platform has no threads');
      return await host.startThreads(threads, variant, reasons);
    } catch (error) {
      reasons.push(`one thread: ${(error as Error).message}`);
    }
  }
  const plain = () => host.instantiate(`wxnn-plain${profile}.wasm.br`, () => ({ env: { wxnn_now: () => host.now(), wxnn_read: wxnnRead } }), wasmPath);
  const build = variant === 'relaxed' ? variant : 'simd';
  let untouched: Promise<WasmExports> | undefined = plain();
  if (variant !== 'plain') {
    try {
      const engine = untouched;
      // Fetched and compiled side by side.
      const [exports, loops] = await Promise.all([
        engine, host.instantiate(`wxnn-${build}.wasm.br`, async () => ({ env: { memory: (await engine).memory } }), wasmPath),
      ]);
      untouched = undefined;
      replaceLoops(exports, loops);
      return tested(new Engine(exports, build, reasons, profile));
    } catch (error) {
      const { message } = error as Error;
      if (variant !== 'auto') fail(`SIMD cannot be used here: ${message}`);
      reasons.push(`not the SIMD build: ${message}`);
    }
  }
  try {
    return tested(new Engine(await (untouched || plain()), 'plain', reasons, profile));
  } catch (error) {
    return fail([`the engine cannot start: ${(error as Error).message}`].concat(reasons).join(' Also, '));
  }
}

interface Loops {
  readonly wxnn_loop: (i: number) => number;
  readonly __indirect_function_table: { get(place: number): unknown; set(place: number, loop: unknown): void };
}

/** Puts the loops of `part` where the engine has its own (native/core/loop.h): both name theirs in the same order. */
function replaceLoops(...binaries: unknown[]): void {
  const [[to, place], [from, loop]] = (binaries as Loops[]).map((of) => [of.__indirect_function_table, of.wxnn_loop] as const);
  let i = 0;
  for (; place(i); ++i) to.set(place(i), from.get(loop(i)));
  if (loop(i)) fail(kOther);
}

/** Some engines accept SIMD and compute garbage, so numbers are compared before any build is used. */
export function tested(engine: Engine): Engine {
  engine.demand('its self-test failed: ', 'wxnn_self_test');
  engine.reasons.push(`the ${engine.variant} build passed its self-test`);
  const { warmUp } = getHost();
  if (warmUp) warmUp(engine);
  return engine;
}
