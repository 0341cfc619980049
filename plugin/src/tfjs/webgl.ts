// tfjs's WebGL backend on WeChat's canvases, as tfjs-wechat registers it, and whether its numbers can be trusted.
import { fail } from '../checks';
import { getHost } from '../host';
import type { GlCanvas, GlContext, HostTf, WebglModule } from './host_tf';

const kPriority = 2;  // tfjs-wechat's
const kAttributes = {
  alpha: false, antialias: false, premultipliedAlpha: false, preserveDrawingBuffer: false, depth: false, stencil: false,
};
const kSide = 16;         // of the matrices that are multiplied as a check
const kLook = 50;         // ms between two looks at the context
const kPatience = 60000;  // ms
const kTolerance = 1e-4;  // relative: float32 is at 1e-6, float16 at 5e-4

/** By tf.engine(): the backend that was registered last. */
const registered = new WeakMap<object, { name: string; canvas: GlCanvas; gl: GlContext }>();

/**
 * Makes the backend `name` on a canvas, anew where the former canvas's context was lost or another canvas is given. Throws a
 * sentence where there is no WebGL. Gives what is to be said of it.
 */
export function registerWebgl(tf: HostTf, webgl: WebglModule, given: GlCanvas | undefined, name: string): string[] {
  const reasons: string[] = [];
  const known = registered.get(tf.engine());
  if (known && known.name === name && (!given || known.canvas === given) && !isLost(known.gl) && tf.findBackendFactory(name)) return reasons;
  if (tf.findBackendFactory(name)) removeBackend(tf, name);
  const canvas = given || getHost().canvas('webgl');
  let gl = canvas.getContext('webgl', { ...kAttributes, failIfMajorPerformanceCaveat: true });
  if (!gl) {
    gl = canvas.getContext('webgl', kAttributes);
    if (gl) reasons.push('WebGL is there but slow: it says so itself (failIfMajorPerformanceCaveat)');
  }
  if (!gl) fail('no WebGL: the canvas gives no context');
  if (isLost(gl)) fail('no WebGL: the context was lost');
  if (!gl.getExtension('OES_texture_float')) fail('WebGL without float textures (OES_texture_float)');
  const context = gl;
  webgl.setWebGLContext(1, context);
  tf.env().set('WEBGL_VERSION', 1);
  tf.registerBackend(name, () => new webgl.MathBackendWebGL(new webgl.GPGPUContext(context)), kPriority);
  if (name !== 'webgl') {
    for (const kernel of tf.getKernelsForBackend('webgl')) tf.registerKernel({ ...kernel, backendName: name });
  }
  registered.set(tf.engine(), { name, canvas, gl });
  return reasons;
}

/** tfjs cannot dispose of a backend whose context is gone; it is dropped all the same. */
function removeBackend(tf: HostTf, name: string): void {
  try {
    tf.removeBackend(name);
  } catch {
    Reflect.deleteProperty(tf.engine().registry, name);
    tf.removeBackend(name);
  }
}

/** Whether the context under the WebGL backend is gone. */
export function isWebglLost(tf: HostTf): boolean {
  const known = registered.get(tf.engine());
  return !!known && isLost(known.gl);
}

/** `work`, or a rejection once the context is gone: what tfjs waits for then never comes. */
export async function unlessLost<T>(tf: HostTf, work: Promise<T>): Promise<T> {
  let end: (() => void) | undefined;
  const lost = new Promise<never>((_, reject) => {
    const look = setInterval(() => {
      if (isWebglLost(tf)) reject(new Error('the WebGL context was lost'));
    }, kLook);
    const patience = setTimeout(() => reject(new Error(`no answer within ${kPatience / 1000} s`)), kPatience);
    end = () => {
      clearInterval(look);
      clearTimeout(patience);
    };
  });
  try {
    return await Promise.race([work, lost]);
  } finally {
    if (end) end();
  }
}

function isLost(gl: GlContext): boolean {
  return typeof gl.isContextLost === 'function' && gl.isContextLost();
}

/**
 * Multiplies two matrices of whole numbers on the backend in use and compares: undefined, or what is wrong. The sums are exact in
 * float32 and too fine for float16.
 */
export function checkNumbers(tf: HostTf): string | undefined {
  const a = new Float32Array(kSide * kSide).map((_, i) => (((i * 7) % 13) + 1) * 31);
  const b = new Float32Array(kSide * kSide).map((_, i) => ((i * 5) % 11) + 1);
  const found = tf.tidy(() => tf.matMul(tf.tensor(a, [kSide, kSide]), tf.tensor(b, [kSide, kSide])).dataSync());
  let zeros = 0, worst = 0;
  for (let row = 0; row < kSide; row++) {
    for (let column = 0; column < kSide; column++) {
      let sum = 0;
      for (let k = 0; k < kSide; k++) sum += a[row * kSide + k] * b[k * kSide + column];
      const value = found[row * kSide + column];
      if (value === 0) zeros++;
      const error = Math.abs(value / sum - 1);
      if (!(error <= worst)) worst = error;  // NaN too
    }
  }
  if (zeros === kSide * kSide) return 'it computes zeros';
  if (worst !== worst) return 'it computes NaN';
  if (worst > kTolerance) return `its numbers are wrong by up to ${(100 * worst).toPrecision(2)}% (half precision is at 0.05%)`;
  return undefined;
}
