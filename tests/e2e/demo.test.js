'use strict';
// The demo mini-program under WeChat's component framework in Chromium (tools/desktop): its pages find the faces of the photos,
// and what they draw lies where the detector said.

const assert = require('node:assert/strict');
const test = require('node:test');
const { overlap } = require('../reference/faces.js');
const { close, keepScreen, onPage } = require('./desktop.js');

/** What is in the photos, in pixels of the photo. */
const PHOTO_FACES = require('../reference/photo_faces.json');

test.after(close);

const PHOTO = 'screen?language=en&privacy=agreed&page=pages/photo/photo';
const CAMERA = 'screen?language=en&page=pages/camera/camera';

async function choosePhoto(page, number) {
  await page.locator('.action-main').click();
  await page.locator('#sheet .choices button').nth(number - 1).click();
  await page.waitForFunction(() => /faces? in/.test(document.querySelector('.card-title')?.textContent || ''), undefined, { timeout: 60000 });
}

/**
 * In the page: the faces that the shown page has, the canvas's size, and for each box of the view how far outward its outline was
 * found, in canvas pixels: along the lines through the box's middle, left, top, right, bottom. The outline is what changes when
 * the faces are taken away.
 */
const readOverlay = async ({ selector, boxes }) => {
  const page = globalThis.demo.screen.currentPage();
  const component = page.selectComponent(selector);
  const canvas = await component.canvas();
  const context = canvas.getContext('2d');
  const pixels = () => context.getImageData(0, 0, canvas.width, canvas.height).data;
  const withFaces = pixels();
  component.draw([]);
  const without = pixels();
  const isDrawn = (x, y) => {
    const at = (Math.round(y) * canvas.width + Math.round(x)) * 4;
    let difference = 0;
    for (let c = 0; c < 4; c++) difference += Math.abs(withFaces[at + c] - without[at + c]);
    return difference > 40;
  };
  const REACH = 6;  // less than there is to the label
  /** Middle of the drawn pixels next to `place` on a line. */
  const middleOf = (place, drawn) => {
    let sum = 0, count = 0;
    for (let p = Math.round(place) - REACH; p <= place + REACH; p++) if (drawn(p)) { sum += p + 0.5; count++; }
    return count ? sum / count : NaN;
  };
  return boxes.map(([x0, y0, x1, y1]) => {
    const x = (x0 + x1) / 2, y = (y0 + y1) / 2;
    return [middleOf(x0, (p) => isDrawn(p, y)), middleOf(y0, (p) => isDrawn(x, p)), middleOf(x1, (p) => isDrawn(p, y)), middleOf(y1, (p) => isDrawn(x, p))];
  });
};

function assertWithinTwoPixels(found, expected, what) {
  found.forEach((box, index) => box.forEach((edge, side) => {
    assert.ok(Math.abs(edge - expected[index][side]) <= 2, `${what}, face ${index + 1}: the box is drawn at ${box}, it is at ${expected[index]}`);
  }));
}

test('the photo page finds the 13 faces and draws their boxes where they are', async () => {
  await onPage(PHOTO, async (page) => {
    for (const number of [1, 2, 3, 4]) {
      await choosePhoto(page, number);
      const { faces, size, canvas } = await page.evaluate(async () => {
        const current = globalThis.demo.screen.currentPage(), component = current.selectComponent('#picture');
        const { width, height } = await component.canvas();
        const box = document.querySelector('.picture').getBoundingClientRect();
        return { faces: current.faces.map(({ box: edges, keypoints, mesh }) => ({ box: edges, keypoints, mesh: mesh.length })), size: box.width / box.height, canvas: { width, height } };
      });
      const expected = PHOTO_FACES[`sample${number}.jpg`];
      assert.equal(faces.length, expected.length, `sample${number}`);
      const photo = { width: 1920 };  // of the fetched photos
      const shrunk = 1280 / photo.width;  // the page looks for faces in 1280 pixels
      for (const { box } of expected) {
        assert.ok(faces.some((face) => overlap(face.box, box.map((edge) => edge * shrunk)) > 0.5), `sample${number}: no face at ${box}`);
      }
      assert.ok(faces.every(({ mesh }) => mesh === 1404));
      assert.ok(Math.abs(canvas.width / canvas.height - size) < 0.02);
      if (number === 1) await keepScreen(page, 'photo_mesh');
      await page.locator('.chip', { hasText: '468-point mesh' }).click();
      const scale = canvas.width / 1280;
      const boxes = faces.map(({ box }) => box.map((edge) => edge * scale));
      assertWithinTwoPixels(await page.evaluate(readOverlay, { selector: '#picture', boxes }), boxes, `sample${number}`);
      await page.locator('.chip', { hasText: '468-point mesh' }).click();
    }
  });
});

test('the photo page saves the picture that it shows', async () => {
  await onPage(PHOTO, async (page) => {
    await choosePhoto(page, 3);
    await keepScreen(page, 'photo');
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.action', { hasText: 'Save' }).click()]);
    const { width, format } = await require('sharp')(await download.path()).metadata();
    assert.equal(format, 'jpeg');
    assert.equal(width, await page.evaluate(async () => (await globalThis.demo.screen.currentPage().selectComponent('#picture').canvas()).width));
  });
});

/** Where a point of the frame is in the view: turned clockwise, mirrored, covering it. Written out apart from the component's own. */
function toView([x, y], frame, { width, height }, rotation, mirror) {
  const steps = rotation / 90;
  let [px, py, w, h] = [x, y, frame.width, frame.height];
  for (let i = 0; i < steps; i++) [px, py, w, h] = [h - py, px, h, w];
  if (mirror) px = w - px;
  const scale = Math.max(width / w, height / h);
  return [(px - w / 2) * scale + width / 2, (py - h / 2) * scale + height / 2];
}

for (const { rotation, position } of [{ rotation: 0, position: 'front' }, { rotation: 90, position: 'back' }, { rotation: 270, position: 'front' }]) {
  test(`the camera page draws tracked faces over the preview: ${position} camera, frames turned by ${rotation} degrees`, async () => {
    await onPage(`${CAMERA}&privacy=agreed&worker=none&camera=still&rotation=${rotation}`, async (page) => {
      await page.waitForFunction(() => globalThis.demo.screen.currentPage().loop, undefined, { timeout: 60000 });
      for (let turn = 0; turn < rotation; turn += 90) await page.locator('.control', { hasText: 'Turn' }).click();
      if (position === 'back') await page.locator('.control', { hasText: 'Flip' }).click();
      await page.locator('.control', { hasText: 'mesh' }).click();
      await page.evaluate(() => globalThis.demo.screen.currentPage()._$.getShadowRoot().querySelector('#overlay').getMethodCaller().setData({ keypoints: false }));
      const seen = await page.evaluate(() => new Promise((resolve) => {
        const { detector, loop, data } = globalThis.demo.screen.currentPage();
        const detect = detector.detect;
        detector.detect = (pixels, width, height, options) => {
          const faces = detect(pixels, width, height, options);
          if (faces.length >= 2 && faces.every(({ id }) => id)) {
            detector.detect = detect;
            loop.stop();  // this frame's faces stay on the overlay
            setTimeout(async () => {
              const canvas = await globalThis.demo.screen.currentPage().selectComponent('#overlay').canvas();
              resolve({ faces: faces.map(({ box }) => box), frame: { width, height }, rotation: data.rotation, mirror: data.mirror, canvas: { width: canvas.width, height: canvas.height } });
            }, 0);
          }
          return faces;
        };
      }));
      assert.equal(seen.rotation, rotation);
      assert.equal(seen.mirror, position === 'front');
      assert.equal(seen.frame.width > seen.frame.height, rotation % 180 !== 0);
      const boxes = seen.faces.map(([x0, y0, x1, y1]) => {
        const [ax, ay] = toView([x0, y0], seen.frame, seen.canvas, rotation, seen.mirror), [bx, by] = toView([x1, y1], seen.frame, seen.canvas, rotation, seen.mirror);
        return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
      });
      const inside = boxes.filter(([x0, y0, x1, y1]) => x0 > 20 && y0 > 20 && x1 < seen.canvas.width - 20 && y1 < seen.canvas.height - 20);
      assertWithinTwoPixels(await page.evaluate(readOverlay, { selector: '#overlay', boxes: inside }), inside, `rotation ${rotation}`);
      assert.ok(inside.length >= 1);
      // And they lie on the faces that the preview shows, which a detector without tracking finds in the preview itself.
      const shown = await page.evaluate(async () => {
        const preview = document.querySelector('wx-camera canvas'), { data, width, height } = preview.getContext('2d').getImageData(0, 0, preview.width, preview.height);
        const { detector } = globalThis.demo.screen.currentPage();
        const wxnn = globalThis.demo.requirePlugin('wxnn');
        const fresh = await wxnn.createFaceDetector({ model: '/models/face_full_range.br', fs: globalThis.demo.wx.host.getFileSystemManager() });
        return detector && { faces: fresh.detect(data, width, height).map(({ box }) => box), width, height };
      });
      const preview = shown.faces.map(([x0, y0, x1, y1]) => [...toView([x0, y0], shown, seen.canvas, 0, false), ...toView([x1, y1], shown, seen.canvas, 0, false)]);
      for (const box of inside) assert.ok(preview.some((other) => overlap(box, other) > 0.5), `no face of the preview is at ${box}; they are at ${preview.join(' | ')}`);
    });
  });
}

test('the camera page asks for the privacy agreement, and waits for it', async () => {
  await onPage(CAMERA, async (page) => {
    await page.waitForSelector('wx-button:has-text("Agree")');
    await keepScreen(page, 'privacy');
    await page.locator('.privacy-sheet--button', { hasText: 'Refuse' }).or(page.locator('text=Refuse')).first().click();
    await page.waitForSelector('text=Without that agreement');
    assert.equal(await page.locator('wx-camera').count(), 0);
    await page.locator('.help').click();
    await page.locator('wx-button', { hasText: 'Agree' }).click();
    await page.waitForFunction(() => Number(document.querySelector('.strong')?.textContent) > 0, undefined, { timeout: 60000 });
    assert.equal(await page.locator('wx-camera').count(), 1);
  });
});

/** In the page, on the benchmark: a model on WebGL, whose context can be lost. */
const openOnWebgl = async () => {
  const contexts = [];
  for (const Canvas of [globalThis.OffscreenCanvas, globalThis.HTMLCanvasElement]) {
    const { getContext } = Canvas.prototype;
    Canvas.prototype.getContext = function (...args) {
      const context = getContext.apply(this, args);
      if (args[0] === 'webgl') contexts.push(context);
      return context;
    };
  }
  const file = '/models/face_full_range.br', clock = { now: () => performance.now() };
  await globalThis.demo.screen.currentPage().measureOne(file, 'webgl', clock);  // brings TensorFlow.js
  const load = (options) => globalThis.demo.requirePlugin('wxnn').loadModel(file, { fs: globalThis.demo.wx.host.getFileSystemManager(), ...options });
  (await load()).dispose();  // the engine's memory has room for it from here on
  const model = await load({ backend: 'webgl' });
  const run = async () => Object.values(await model.runAsync(new Float32Array(192 * 192 * 3).fill(0.25))).map(({ data }) => data[100]);
  globalThis.onWebgl = { model, run, before: await run(), lose: () => contexts.forEach((gl) => gl.getExtension('WEBGL_lose_context').loseContext()) };
  return model.backend.name;
};

test('the camera page holds its frame loop and does not grow, also when the WebGL context beside it is lost', { timeout: 600000 }, async () => {
  const seconds = process.env.WXNN_LONG ? 60 : 8;
  await onPage(`${CAMERA}&privacy=agreed`, async (page) => {
    await page.waitForFunction(() => globalThis.demo.screen.currentPage().loop, undefined, { timeout: 60000 });
    await page.locator('#tabs button').nth(2).click();
    assert.match(await page.evaluate(openOnWebgl), /webgl/);
    await page.locator('#tabs button').nth(0).click();
    await page.waitForFunction(() => Number(document.querySelector('.strong')?.textContent) > 0, undefined, { timeout: 60000 });
    // Frames of the camera come and go at 40 MB a second: the least of several looks is what stays.
    const look = () => page.evaluate(async () => {
      let heap = Infinity;
      for (let i = 0; i < 12; i++) {
        globalThis.gc();
        heap = Math.min(heap, performance.memory.usedJSHeapSize);
        await new Promise((resolve) => { setTimeout(resolve, 60); });
      }
      return { heap, wasm: globalThis.demo.memories().reduce((sum, memory) => sum + memory.buffer.byteLength, 0), faces: globalThis.frames };
    });
    const countFrames = () => page.evaluate(() => {
      if (typeof globalThis.frames !== 'number') globalThis.frames = 0;
      const { detector, where } = globalThis.demo.screen.currentPage(), name = where ? 'detectAsync' : 'detect', detect = detector[name];
      detector[name] = (...frame) => { globalThis.frames++; return detect.apply(detector, frame); };
    });
    await countFrames();
    await page.waitForTimeout(6500);  // every photo of the sequence was in front of the camera once or nearly so
    const before = await look();
    await page.waitForTimeout(seconds * 500);
    const lost = page.evaluate(async () => {
      const { model, run, before, lose } = globalThis.onWebgl;
      const running = run();
      lose();
      const after = await running;
      return { before, after, reasons: model.backend.reasons.slice(-1), backend: model.backend.name };
    });
    await page.waitForTimeout(seconds * 500);
    await keepScreen(page, 'camera');
    const after = await look();
    const webgl = await lost;
    assert.match(webgl.reasons[0], /context was lost/);
    assert.equal(webgl.backend, 'wasm');
    webgl.after.forEach((value, i) => assert.ok(Math.abs(value - webgl.before[i]) <= 1e-2 * Math.abs(webgl.before[i]), `${webgl.after}, ${webgl.before} before`));
    assert.ok(before.wasm > 0);
    assert.equal(after.wasm, before.wasm, 'the engine\'s memory grew');
    assert.ok(after.heap - before.heap < 3e6, `the JavaScript heap grew from ${before.heap} to ${after.heap}`);
    const fps = (after.faces - before.faces) / seconds;
    assert.ok(after.faces - before.faces > 3, `${after.faces - before.faces} frames`);
    console.log(`camera page, ${seconds} s: ${fps.toFixed(1)} frames a second, engine ${after.wasm} bytes, JavaScript heap ${before.heap} -> ${after.heap}`);
    // The detector in a worker, as where the main thread is slow.
    await page.evaluate(() => globalThis.demo.screen.currentPage().tryWorker(Infinity));
    await page.waitForFunction(() => /· Worker ·/.test(document.body.innerText));
    await countFrames();
    const inWorker = (await look()).faces;
    await page.waitForFunction((count) => globalThis.frames > count + 5 && Number(document.querySelector('.strong')?.textContent) > 0, inWorker, { timeout: 60000 });
    await keepScreen(page, 'camera_worker');
    // Another page, and back: the frames stop and start again.
    await page.locator('#tabs button').nth(1).click();
    const hidden = (await look()).faces;
    await page.waitForTimeout(500);
    assert.ok((await look()).faces - hidden <= 1, 'frames are looked at while the page is hidden');
    await page.locator('#tabs button').nth(0).click();
    await page.waitForFunction((count) => globalThis.frames > count + 3, hidden, { timeout: 30000 });
  });
});

test('the benchmark page measures every packaged model on every backend, and its bars are as long as its numbers say', { timeout: 600000 }, async () => {
  await onPage('screen?language=en&page=pages/benchmark/benchmark', async (page) => {
    await page.locator('.action-main').click();
    await page.waitForSelector('#pages wx-canvas', { timeout: 500000 });
    await page.waitForTimeout(300);
    const times = (await page.locator('.time').allTextContents()).map(Number);
    assert.deepEqual((await page.locator('.heads .cell').allTextContents()), ['SIMD', 'WASM', 'Worker', 'WebGL', 'JS']);
    assert.equal(times.length, 15);
    assert.ok(times.every((ms) => ms > 0), `${times}: ${(await page.locator('.reason').allTextContents()).join('; ')}`);
    const bars = await page.evaluate(() => {
      const canvas = document.querySelector('#pages wx-canvas canvas'), { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const lengths = [];
      const colours = [[7, 165, 111], [90, 169, 245], [243, 162, 60], [176, 132, 240], [224, 96, 126]];
      let before = -1;
      for (let y = 0; y < canvas.height - 40; y++) {
        const kind = colours.findIndex((colour) => colour.every((value, c) => data[(y * canvas.width + 37) * 4 + c] === value));
        if (kind >= 0 && kind !== before) {
          let x = 37;  // the shortest bars are four wide
          while (colours[kind].every((value, c) => data[((y + 2) * canvas.width + x) * 4 + c] === value)) x++;
          lengths.push(x - 36);  // bars begin at 18 of the screen's pixels, two of the canvas's each
        }
        before = kind;
      }
      return lengths;
    });
    assert.equal(bars.length, 15);
    const shown = times.map((ms) => 1000 / ms), longest = Math.max(...shown);
    bars.forEach((length, index) => {
      const expected = Math.max(4, (shown[index] / longest) * Math.max(...bars));
      assert.ok(Math.abs(length - expected) <= 2 + 0.01 * expected, `bar ${index + 1} is ${length} pixels long, ${expected} by its number`);
    });
    await keepScreen(page, 'benchmark');
    await page.evaluate(() => { document.querySelector('.wx-page').scrollTop = 700; });
    await keepScreen(page, 'benchmark_chart');
    await page.locator('.action', { hasText: 'Share' }).click();
    await page.waitForSelector('#sheet img');
  });
});

test('both languages, from the system and by choice, on every page', async () => {
  for (const [language, first, second] of [['zh_CN', ['相机', '照片', '测速'], 'Photo'], ['en', ['Camera', 'Photo', 'Benchmark'], '照片'], ['fr', ['Camera', 'Photo', 'Benchmark'], '照片']]) {
    await onPage(`screen?language=${language}&privacy=agreed&page=pages/photo/photo`, async (page) => {
      assert.deepEqual(await page.locator('#tabs button').allTextContents(), first);
      await page.locator('.chip').first().click();
      assert.equal(await page.locator('#title').textContent(), second);
      await page.locator('#tabs button').nth(2).click();
      assert.equal((await page.locator('#title').textContent()) === '测速', second === '照片');
      await page.waitForSelector('.reason');
      // Reasons too: wxnn gives them in English.
      assert.match(await page.locator('.reason').first().textContent(), second === '照片' ? /版本通过了自检/ : /build passed its self-test/);
      if (language === 'en') await keepScreen(page, 'benchmark_zh');
    });
  }
});

test('the page around says that it is not WeChat', async () => {
  await onPage('', async (page) => {
    await page.setViewportSize({ width: 1100, height: 860 });
    assert.match(await page.locator('aside').innerText(), /This is not WeChat/);
    const frame = page.frameLocator('#screen');
    await frame.locator('#tabs button').first().waitFor();
    await page.waitForTimeout(500);
    await keepScreen(page, 'shell');
  });
});

test('build/web/wxnn.js on an ordinary page finds the same faces as in Node, bit for bit', async () => {
  await onPage('web', async (page) => {
    await page.waitForSelector('text=3 faces');
    const found = await page.evaluate(async () => {
      const { faces, width, height } = await globalThis.show('/photos/sample1.jpg');
      const canvas = document.createElement('canvas');
      const image = Object.assign(new Image(), { src: '/photos/sample1.jpg' });
      await image.decode();
      Object.assign(canvas, { width, height }).getContext('2d').drawImage(image, 0, 0);
      const bytes = canvas.getContext('2d').getImageData(0, 0, width, height).data;
      let text = '';
      for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
      return { faces, width, height, rgba: btoa(text) };
    });
    const wxnn = require('../../build/node/index.js');
    const { fetchedFile } = require('../reference/index.js');
    const detector = await wxnn.createFaceDetector({ model: fetchedFile('full-sparse') });
    const faces = detector.detect(new Uint8Array(Buffer.from(found.rgba, 'base64')), found.width, found.height);
    assert.equal(found.faces.length, 3);
    assert.deepEqual(found.faces, JSON.parse(JSON.stringify(faces)));
    await keepScreen(page, 'web');
  });
});
