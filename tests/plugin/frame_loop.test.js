'use strict';
// The camera page's frame loop: a client's buffer is read before it is used again, and frames are dropped, never queued.

const assert = require('node:assert/strict');
const test = require('node:test');
const { createFrameLoop } = require('../../miniprogram/pages/camera/frame_loop.js');

const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Until the timers that a frame sets, one after the other, have run; however slow the machine is. */
async function settle() {
  for (let i = 0; i < 4; i++) await wait(1);
}

function createCamera(detect = () => []) {
  const log = { detected: [], shown: [], reports: [], failures: [] };
  const loop = createFrameLoop({
    detect(pixels, width, height, time) {
      log.detected.push({ first: pixels[0], length: pixels.length, width, height, time });
      return detect(pixels);
    },
    show: (faces, frame) => log.shown.push({ faces, frame }),
    report: (numbers) => log.reports.push(numbers),
    fail: (error) => log.failures.push(error.message),
  });
  const buffer = new ArrayBuffer(16);  // one for all frames, as the client's
  return { log, loop, send(value) { new Uint8Array(buffer).fill(value); loop.take({ data: buffer, width: 2, height: 2 }); } };
}

test('a frame is copied before the client writes the next one, and what arrives meanwhile is dropped', async () => {
  const { log, loop, send } = createCamera(() => [{}, {}]);
  send(1);
  send(2);
  send(3);
  assert.equal(log.detected.length, 0, 'nothing runs inside the camera\'s own event');
  await settle();
  assert.deepEqual(log.detected.map(({ first }) => first), [1]);
  assert.deepEqual(log.shown[0].frame, { width: 2, height: 2 });
  send(4);
  await settle();
  assert.deepEqual(log.detected.map(({ first }) => first), [1, 4]);
  loop.stop();
  send(5);
  await settle();
  assert.equal(log.detected.length, 2);
});

test('while a detector in a worker looks at a frame, others are dropped', async () => {
  let answer;
  const { log, send } = createCamera(() => new Promise((resolve) => { answer = resolve; }));
  send(1);
  await settle();
  send(2);
  await settle();
  assert.deepEqual(log.detected.map(({ first }) => first), [1]);
  assert.deepEqual(log.shown, []);
  answer([{ id: 1 }]);
  await settle();
  assert.equal(log.shown[0].faces.length, 1);
  send(3);
  await settle();
  assert.deepEqual(log.detected.map(({ first }) => first), [1, 3]);
});

test('numbers come twice a second; a failure is told and the next frame works', async () => {
  let fails = false;
  const { log, send } = createCamera(() => { if (fails) throw new Error('no memory'); return [{}]; });
  const start = Date.now();
  const end = start + 620;
  let sent = 0;
  while (Date.now() < end) { send(1); send(1); sent += 2; await wait(5); }
  await settle();
  const most = Math.floor((Date.now() - start) / 500);
  assert.ok(log.reports.length >= 1 && log.reports.length <= most, `${log.reports.length} reports`);
  const [{ fps, faces, dropped, width }] = log.reports;
  assert.ok(fps > 5 && faces === 1 && width === 2 && dropped >= 0.5 && dropped < 1, JSON.stringify(log.reports));
  assert.ok(log.detected.length < sent);
  fails = true;
  send(1);
  await settle();
  assert.deepEqual(log.failures, ['no memory']);
  fails = false;
  const before = log.shown.length;
  send(1);
  await settle();
  assert.equal(log.shown.length, before + 1);
});

test('a frame of another size is taken as it is', async () => {
  const { log, loop } = createCamera();
  loop.take({ data: new ArrayBuffer(24), width: 3, height: 2 });
  await settle();
  loop.take({ data: new ArrayBuffer(8), width: 1, height: 2 });
  await settle();
  assert.deepEqual(log.detected.map(({ length, width }) => [length, width]), [[24, 3], [8, 1]]);
});
