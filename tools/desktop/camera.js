// A stand-in for <camera> and CameraContext.onCameraFrame: a slow pan over the sample photos, one that stands still, or the
// browser's camera. Frames are
// RGBA, portrait, in a buffer that is used again for the next frame, as WeChat's client does.
const SIZES = { small: [240, 320], medium: [480, 640], large: [720, 960] };
const PHOTOS = ['sample1', 'sample2', 'sample3', 'sample4'].map((name) => `/photos/${name}.jpg`);
const FRAME_MS = 33;
const PHOTO_MS = 9000;

// One camera at a time, as in WeChat.
let current;
const listeners = new Set();

/** The listeners of wx.createCameraContext().onCameraFrame. */
export function listenToFrames(callback) {
  return {
    start({ success } = {}) {
      listeners.add(callback);
      if (success) success();
    },
    stop({ success } = {}) {
      listeners.delete(callback);
      if (success) success();
    },
  };
}

/** What the page may ask of the current camera: for tests, the picture that was last shown and what is on it. */
export const currentCamera = () => current;

async function photoSource(moves) {
  const images = await Promise.all(PHOTOS.map((src) => new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error(`${src} is missing: run tools/setup`));
    image.src = src;
  })));
  return {
    draw(context, width, height, passed) {
      const time = moves ? passed : 2.5 * PHOTO_MS;
      const image = images[Math.floor(time / PHOTO_MS) % images.length];
      const phase = (time % PHOTO_MS) / PHOTO_MS;
      const cropHeight = image.height * 0.8, cropWidth = (cropHeight * width) / height;
      const x = (image.width - cropWidth) * (0.5 - 0.3 * Math.cos(phase * 2 * Math.PI));
      const y = (image.height - cropHeight) * (0.3 + 0.1 * Math.sin(phase * 4 * Math.PI));
      context.drawImage(image, x, y, cropWidth, cropHeight, 0, 0, width, height);
    },
    stop() {},
  };
}

async function deviceSource(position) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: position === 'front' ? 'user' : 'environment' }, audio: false });
  const video = document.createElement('video');
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  return {
    draw(context, width, height) {
      const scale = Math.max(width / video.videoWidth, height / video.videoHeight);
      const w = video.videoWidth * scale, h = video.videoHeight * scale;
      context.drawImage(video, (width - w) / 2, (height - h) / 2, w, h);
    },
    stop: () => stream.getTracks().forEach((track) => track.stop()),
  };
}

/** The frame as a sensor that is mounted turned would deliver it: turned back by `rotation`, it is upright. */
function turnFrame(upright, rotation) {
  if (!rotation) return upright;
  const turned = document.createElement('canvas');
  const swap = rotation % 180 !== 0;
  turned.width = swap ? upright.height : upright.width;
  turned.height = swap ? upright.width : upright.height;
  const context = turned.getContext('2d', { willReadFrequently: true });
  context.translate(turned.width / 2, turned.height / 2);
  context.rotate((-rotation * Math.PI) / 180);
  context.drawImage(upright, -upright.width / 2, -upright.height / 2);
  return turned;
}

/** Runs in a <camera> element as long as it is attached. */
export function attachCamera(component, dom, wx) {
  const { source = 'photos', rotation = 0 } = wx.cameraOptions;
  const [width, height] = SIZES[component.data.frameSize] || SIZES.medium;
  const preview = document.createElement('canvas');
  Object.assign(preview, { width, height });
  dom.prepend(preview);
  const upright = document.createElement('canvas');
  Object.assign(upright, { width, height });
  const context = upright.getContext('2d', { willReadFrequently: true });
  let position = component.data.devicePosition || 'back';
  let running = true, feed;
  const start = performance.now();
  let buffer = new ArrayBuffer(width * height * 4);

  function showFrame() {
    feed.draw(context, width, height, performance.now() - start);
    const view = preview.getContext('2d');
    view.setTransform(position === 'front' ? -1 : 1, 0, 0, 1, position === 'front' ? width : 0, 0);
    view.drawImage(upright, 0, 0);
    if (!listeners.size) return;
    const frame = turnFrame(upright, rotation);
    const pixels = frame.getContext('2d').getImageData(0, 0, frame.width, frame.height).data;
    if (buffer.byteLength !== pixels.length) buffer = new ArrayBuffer(pixels.length);
    new Uint8Array(buffer).set(pixels);
    for (const listener of listeners) listener({ data: buffer, width: frame.width, height: frame.height });
  }

  async function open() {
    try {
      feed = await (source === 'device' ? deviceSource(position) : photoSource(source === 'photos'));
      component.triggerEvent('initdone', { maxZoom: 1 }, {});
      const timer = setInterval(() => {
        if (running && document.visibilityState !== 'hidden' && dom.isConnected) showFrame();
        if (!running) clearInterval(timer);
      }, FRAME_MS);
    } catch (error) {
      component.triggerEvent('error', { errMsg: `camera: ${error.message}` }, {});
    }
  }
  open();
  current = {
    upright,
    turn(next) {
      if (next === position) return;
      position = next;
      if (source === 'device' && feed) {
        feed.stop();
        deviceSource(position).then((opened) => { feed = opened; });
      }
    },
    stop() {
      running = false;
      if (feed) feed.stop();
      current = undefined;
    },
  };
  return current;
}
