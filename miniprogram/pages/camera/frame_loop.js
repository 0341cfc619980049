// From a camera's frames to faces: what arrives while a frame is being looked at is dropped, never queued.

const SECOND = 1000;

/**
 * @param {{
 *   detect(pixels: Uint8Array, width: number, height: number, time: number): any[] | Promise<any[]>,
 *   show(faces: any[], frame: {width: number, height: number}): void,
 *   report(numbers: {fps: number, ms: number, faces: number, dropped: number, width: number, height: number}): void,
 *   fail(error: any): void,
 * }} page report comes about twice a second: dropped is the part of the frames, 0 to 1
 */
function createFrameLoop({ detect, show, report, fail }) {
  let busy = false, stopped = false;
  let pixels = new Uint8Array(0);
  let since = Date.now(), arrived = 0, dropped = 0, done = 0, spent = 0;

  /** @param {number} faces @param {{width: number, height: number}} frame */
  function count(faces, frame) {
    done++;
    const passed = Date.now() - since;
    if (passed < SECOND / 2) return;
    report({ fps: (done * SECOND) / passed, ms: spent / done, faces, dropped: dropped / arrived, ...frame });
    since = Date.now();
    arrived = dropped = done = spent = 0;
  }

  /** @param {{width: number, height: number}} frame @param {number} time */
  async function look({ width, height }, time) {
    if (stopped) return;
    try {
      const start = Date.now();
      const found = detect(pixels, width, height, time);
      const faces = Array.isArray(found) ? found : await found;  // Promises are slow on old iPhones
      if (stopped) return;
      spent += Date.now() - start;
      show(faces, { width, height });
      count(faces.length, { width, height });
    } catch (error) {
      fail(error);
    }
    // Frames that came meanwhile wait as events: they are taken, and dropped, before this.
    setTimeout(() => { busy = false; }, 0);
  }

  return {
    /**
     * A frame as onCameraFrame gives it. Its buffer is the client's, which writes the next frame into it: so it is copied here and now.
     * @param {{data: ArrayBuffer, width: number, height: number}} frame
     */
    take({ data, width, height }) {
      if (stopped) return;
      arrived++;
      if (busy) {
        dropped++;
        return;
      }
      busy = true;
      if (pixels.length !== data.byteLength) pixels = new Uint8Array(data.byteLength);
      pixels.set(new Uint8Array(data));
      const time = Date.now();
      setTimeout(() => look({ width, height }, time), 0);
    },
    stop() {
      stopped = true;
    },
  };
}

module.exports = { createFrameLoop };
