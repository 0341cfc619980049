// The public types of wxnn: what the plugin, the npm package and Node export.

/** One multi-dimensional array's element type, in tfjs's spelling. `bool` is one byte (0 or 1), `complex64` two float32. */
export type DType = 'float32' | 'int32' | 'bool' | 'complex64';

/** The arrays a model takes and gives: Float32Array (float32, complex64), Int32Array (int32), Uint8Array (bool). */
export type TensorData = Float32Array | Int32Array | Uint8Array;

/** Bytes in any of the forms that platforms hand them out in. */
export type Bytes = ArrayBuffer | Uint8Array | Uint8ClampedArray;

/** An input or output as the model declares it. A dimension of -1 is open: see `Model.resize`. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** One output of a run. `data` is row-major; images are NHWC. */
export interface Tensor {
  data: TensorData;
  shape: number[];
  dtype: DType;
}

/** A model already in memory: a `.tflite` file's bytes, or a parsed (or raw) tfjs `model.json` with its weights in the manifest's order. */
export interface ModelParts {
  model: Bytes | string | object;
  weights?: Bytes | Bytes[];
}

/** tfjs's `tf.io.IOHandler`, as far as wxnn needs it. */
export interface IOHandler {
  load(): Promise<object>;
}

/** A `tf.io.IOHandler` that saves as well: what fileStorageIO and localStorageIO give. */
export interface StorageHandler extends IOHandler {
  save(artifacts: object): Promise<{ modelArtifactsInfo: { dateSaved: Date; modelTopologyType: 'JSON'; weightDataBytes: number } }>;
}

/** A URL, package path or user path of a `.tflite` or tfjs `model.json`; the bytes; parts; or a `tf.io.IOHandler`. */
export type ModelSource = string | Bytes | ModelParts | IOHandler;

/** tfjs-wechat's `fetchFunc`: like `fetch`, as far as wxnn needs it. */
export type FetchFunction = (url: string, init?: { method?: string }) => Promise<{
  readonly status: number;
  arrayBuffer(): Promise<ArrayBuffer | string>;
}>;

/** What every call of a FileSystem takes besides its own. */
export interface FileCallbacks {
  success?(): void;
  fail?(error: { errMsg: string }): void;
}

/**
 * The part of `wx.getFileSystemManager()` that wxnn uses. A plugin's own sees the plugin's files; pass the host's to read the
 * host's. Without the optional methods files can be read and nothing is kept.
 */
export interface FileSystem {
  readFile(options: {
    filePath: string;
    position?: number;
    length?: number;
    success?(result: { data: string | ArrayBuffer }): void;
    fail?(error: { errMsg: string }): void;
  }): void;
  stat?(options: {
    path: string;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the platform's union of one and many
    success?(result: any): void;
    fail?(error: { errMsg: string }): void;
  }): void;
  writeFile?(options: FileCallbacks & { filePath: string; data: ArrayBuffer }): void;
  appendFile?(options: FileCallbacks & { filePath: string; data: ArrayBuffer }): void;
  unlink?(options: FileCallbacks & { filePath: string }): void;
  mkdir?(options: FileCallbacks & { dirPath: string; recursive?: boolean }): void;
  readdir?(options: { dirPath: string; success?(result: { files: string[] }): void; fail?(error: { errMsg: string }): void }): void;
}

/** Anything shaped like an AbortSignal; `{aborted: false}` that is set to true later will do (WeChat has no AbortController). */
export interface Signal {
  readonly aborted: boolean;
  addEventListener?(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

/** A build of the engine. `relaxed` has SIMD and rounds a multiply-add once where the processor does. */
export type Build = 'simd' | 'plain' | 'relaxed';

/**
 * Which build is wanted: `auto` takes `simd`, or `plain` where SIMD is absent or computes wrong numbers. `relaxed` is for Node and web pages
 * that ask for it: faster on convolutions, and the numbers are not those of the other builds any more, nor the same on every device.
 */
export type Variant = 'auto' | Build;

export interface EngineOptions {
  variant?: Variant;
  /**
   * How many threads share a run, 1 (the default) to 16: Node, and web pages that are cross-origin isolated. Where there are none
   * one thread runs, and `backend.reasons` says why. The numbers are the same, bit for bit.
   */
  numThreads?: number;
  /** Package path of the directory of the `.wasm.br` files, for the copy-in and npm forms; a plugin finds its own. */
  wasmPath?: string;
}

/** How downloaded files are kept. */
export interface CacheOptions {
  /** The most that all of them take; 64 MB by default. The least recently used go first. */
  bytes?: number;
  /** Fetch anew, and keep that. */
  refresh?: boolean;
  /** Addresses that differ only in their query (signed ones) are one file. */
  ignoreQuery?: boolean;
}

/** The engine in a mini-program's worker. */
export interface WorkerOptions {
  /** The worker's script in the code package, as tools/package --worker puts it there; `workers/wxnn.js` by default. */
  path?: string;
  /** iOS: the worker whose WebAssembly is compiled, which the system may kill (then it is started again). True by default. */
  experimental?: boolean;
  /** The host's wx.createWorker, for a plugin whose own would look in the plugin. */
  create?(path: string, options: { useExperimentalWorker: boolean }): object;
}

export interface LoadOptions extends EngineOptions {
  /**
   * Run in a mini-program's worker. Only `runAsync` runs then; while it does, further calls are rejected with name "BusyError"
   * (frames are dropped, not queued). A worker that was killed is started again, and where none can be had the main thread runs.
   */
  worker?: boolean | WorkerOptions;
  /**
   * Run on tfjs's WebGL or CPU backend, which configPlugin was given: the graph as the engine reads it, `.tflite` files too. Only
   * `runAsync` runs then. Where the backend fails, the next one runs the same inputs, the engine among them.
   */
  backend?: 'wasm' | 'webgl' | 'cpu';
  /**
   * Keep downloaded files (under `userDataPath`, by its `fs`) and load them from there the next time, with or without a
   * network; a download that is cut off goes on there. In a mini-program that is the default where userDataPath is known;
   * Node keeps nothing. What cannot be written is loaded all the same.
   */
  cache?: boolean | CacheOptions;
  /** Told the fraction (0 to 1, never falling) of the model that has arrived; 1 when it is ready. */
  onProgress?(fraction: number): void;
  signal?: Signal;
  /** Fetches URLs in place of `wx.request`: the host's domain list then holds. */
  fetchFunc?: FetchFunction;
  /** Reads package and user paths in place of the plugin's own FileSystemManager. */
  fs?: FileSystem;
  /** The host's `wx.env.USER_DATA_PATH`: paths that begin with it are files. */
  userDataPath?: string;
}

/** Inputs by name, in the model's order, or the only one. */
export type ModelInputs = { [name: string]: TensorData } | TensorData[] | TensorData;

export interface RunOptions {
  /** Outputs are views into the engine's memory, valid until its next call; without it they are copies. */
  views?: boolean;
  /** Take float inputs that hold NaN, which are refused otherwise. */
  allowNaN?: boolean;
}

export interface NodeTime {
  node: string;
  op: string;
  /** Milliseconds, summed over `runs`. */
  ms: number;
  runs: number;
}

export interface MemoryUse {
  /** Bytes of activations, of constants read in place, and of constants packed for kernels. */
  arena: number;
  constants: number;
  packed: number;
  /** Bytes of the engine's whole heap, which its models share. */
  heap: number;
}

/** How `setImage` makes an input of a picture. Coordinates are pixels, x to the right, y down; angles clockwise. */
export interface ImageOptions {
  /** The rectangle [x0, y0, x1, y1] of the picture that is used; all of it by default. */
  roi?: [number, number, number, number];
  /** Radians by which that rectangle is turned about its centre. */
  angle?: number;
  /** Degrees by which the picture is turned to be upright. */
  rotation?: 0 | 90 | 180 | 270;
  /** Swap left and right after turning. */
  mirror?: boolean;
  /** Keep the aspect ratio, centred between black bars; otherwise stretch. */
  letterbox?: boolean;
  /** Outside the picture: its nearest edge pixel; otherwise black. */
  extend?: boolean;
  /** The input becomes (pixel - mean) * scale, pixel in 0..255; one number, or one for each of R, G, B. 0 and 1 by default. */
  mean?: number | [number, number, number];
  scale?: number | [number, number, number];
}

/**
 * A model that is ready to run. Its memory lies in the engine's heap until `dispose`; calls after that throw a sentence.
 */
export interface Model {
  /** Inputs and outputs as the model declares them; -1 is an open dimension. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** The build of the engine that runs this model, and why that one. */
  readonly backend: { readonly name?: string; readonly variant: Build; readonly reasons: readonly string[] };
  /**
   * Runs the model once, synchronously. Inputs are copied before anything else happens, so the caller's arrays may be
   * reused; those that setImage wrote may be left out. Throws a sentence that names the input when one is missing, unknown,
   * of the wrong type or length, or holds NaN; the next call works.
   */
  run(inputs?: ModelInputs, options?: RunOptions): { [output: string]: Tensor };
  /** `run` as a promise. The inputs are read before it returns. */
  runAsync(inputs?: ModelInputs, options?: RunOptions): Promise<{ [output: string]: Tensor }>;
  /**
   * Gives inputs new shapes, by name, all at once: any first dimension, and whatever the model left open. An input
   * without a declared rank is a scalar until it gets a shape. Weights stay as they are, pictures are forgotten. Where
   * the shapes are refused all inputs keep their former ones.
   */
  resize(shapes: { [input: string]: number[] }): void;
  /**
   * Forgets what runs left for later runs: the memory of recurrent layers (LSTM, RNN, SVDF) that keep it between runs, and
   * the place in sequences of random numbers. The next run is as the first after loading.
   */
  resetState(): void;
  /**
   * Writes a picture (width * height * 4 bytes RGBA) into a float32 input of shape [1, height, width, 3], which later runs
   * may then leave out.
   */
  setImage(input: string, rgba: Bytes, width: number, height: number, options?: ImageOptions): void;
  /**
   * Milliseconds of each node, in the order in which they run, summed over the runs since the clock was switched on. The
   * first call switches it on and runs the model once on the inputs that it holds.
   */
  profile(): NodeTime[];
  memory(): MemoryUse;
  /** Gives the model's memory back. A second dispose does nothing. */
  dispose(): void;
}

export interface FaceDetectorOptions extends LoadOptions {
  /** A BlazeFace model (short range, full range, or tfjs's two): a source, or a Model that stays the caller's. Full range by default. */
  model?: ModelSource | Model;
  /** A FaceMesh model, likewise; faces then have `mesh`. */
  meshModel?: ModelSource | Model;
  /** Faces with a lower score (0 to 1) are left out; 0.5 by default. */
  threshold?: number;
  /** The best so many; all by default. */
  maxFaces?: number;
  /**
   * The pictures are the frames of a camera or video: faces keep their `id`, and with a mesh model each is followed by its
   * own landmarks, so that the detector runs only when a face is lost, and now and then to look for new ones. `score` is then
   * the mesh's. Off by default.
   */
  track?: boolean;
  /** Removes the tremble of tracked faces (one-euro filter); on by default with `track`, and needs it. */
  smooth?: boolean;
}

/** How the camera held the frame. */
export interface DetectOptions {
  /** Degrees clockwise by which the picture is turned to be upright. */
  rotation?: 0 | 90 | 180 | 270;
  /** Swap left and right after turning, as for a selfie. Right and left keypoints are then swapped as well. */
  mirror?: boolean;
  /** When the frame was taken, in milliseconds of any clock, for `smooth`; now by default. */
  time?: number;
}

/** Coordinates are pixels of the picture as given, not turned or mirrored; a face at the border may reach beyond it. */
export interface Face {
  /** 0 to 1. */
  score: number;
  /** [x0, y0, x1, y1]. */
  box: [number, number, number, number];
  /** [x, y] of right eye, left eye, nose tip, mouth centre, right ear, left ear (the person's). */
  keypoints: [number, number][];
  /** Radians by which the face is turned clockwise, from its eyes. */
  angle: number;
  /** With a mesh model: 468 landmarks x, y, z; z in the unit of x, smaller is nearer. */
  mesh?: Float32Array;
  /** What the mesh model says of a face being there, 0 to 1. */
  meshScore?: number;
  /** With `track`: 1, 2, 3…, the same for the same face on every frame. */
  id?: number;
}

/** Finds faces. The picture is read before anything else happens, so a camera may reuse its buffer. */
export interface FaceDetector {
  /**
   * The faces on a picture, best first (with `track`: longest known first). `rgba`: width * height * 4 bytes, rows without padding. Synchronous. Throws a
   * sentence that names the argument when one is wrong; the next call works.
   */
  detect(rgba: Bytes, width: number, height: number, options?: DetectOptions): Face[];
  /**
   * The same as a promise; the picture is copied before it returns. It is the only way with the option `worker`, where the picture is
   * looked at in the worker, and another one that comes meanwhile is dropped: rejected with name "BusyError".
   */
  detectAsync(rgba: Bytes, width: number, height: number, options?: DetectOptions): Promise<Face[]>;
  /** Gives the detector's memory back, and that of the models it loaded itself. Calls after it throw. */
  dispose(): void;
}

/** What this device can do. */
export interface Probe {
  /** The build that passed its self-test, or null when none can run here. */
  variant: Build | null;
  /** In plain words, why. */
  reasons: string[];
  /** Milliseconds that choosing, loading and testing the build took (near 0 when it was loaded already). */
  startMs: number;
}

export * from './types_tfjs';
