'use strict';
// ONNX files that packages ship, as their users would convert them: our engine and LiteRT give what onnxruntime gives for the source.

const { test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { fetchedFile } = require('../reference');
const { tensor, random, compareFile } = require('./onnx_model.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-real-onnx-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

const { fill, f32, next } = random(Number(process.env.WXNN_SEED || 1));
/** Two lines of what looks like letters, dark on light, as PaddleOCR's pictures are scaled. */
function letters(height, width) {
  const picture = fill('float32', [1, 3, height, width], () => 2);
  for (let i = 0; i < 24; i++) {
    const x = 20 + (i % 12) * 18, y = 40 + Math.floor(i / 12) * 60;
    for (let row = 0; row < 7; row++) {
      for (let column = 0; column < 5; column++) {
        if (next() < 0) continue;
        for (let k = 0; k < 27; k++) picture.data[(k % 3) * height * width + (y + row * 3 + (k / 9 | 0)) * width + x + column * 3 + (k / 3 | 0) % 3] = -2;
      }
    }
  }
  return picture;
}
const zeros = (...shape) => fill('float32', shape, () => 0);
const hertz = (...shape) => tensor('int64', shape, [16000]);

/** open: inputs whose size the file leaves open; fixed: the conversion makes them constants */
const one = (id, file, inputs, rest = {}) => ({ id, file, inputs, open: [], fixed: [], ...rest });
const CASES = [
  // PaddleOCR: where text is, what it says (CTC over 6,625 signs), whether it is upside down
  one('onnx-ocr', 'detection.onnx', { x: letters(320, 256) }, { open: ['x'] }),
  one('onnx-ocr', 'recognition.onnx', { x: f32(1, 3, 48, 320) }, { open: ['x'] }),
  one('onnx-ocr', 'direction.onnx', { x: f32(1, 3, 48, 192) }, { open: ['x'] }),
  // Silero: whether somebody speaks; LSTM with a state, one network per sample rate behind an If
  one('onnx-vad', 'silero_legacy.onnx', { input: f32(1, 1536), h: f32(2, 1, 64), c: f32(2, 1, 64), sr: hertz() }, { open: ['input', 'h', 'c'], fixed: ['sr'] }),
  one('onnx-vad', 'silero_v5.onnx', { input: f32(1, 512), state: f32(2, 1, 128), sr: hertz() }, { open: ['input', 'state'], fixed: ['sr'] }),
  one('onnx-vad', 'silero_v6.onnx', { input: f32(1, 512), state: zeros(2, 1, 128), sr: hertz() }, { open: ['input', 'state'], fixed: ['sr'] }),
  // openWakeWord: a spectrogram, its embedding, a classifier per word
  one('onnx-wakeword', 'melspectrogram.onnx', { input: fill('float32', [1, 1760], () => next() * 1000) }, { open: ['input'] }),
  one('onnx-wakeword', 'embedding_model.onnx', { input_1: f32(1, 76, 32, 1) }),
];
for (const [word, input, steps] of [['hey_jarvis', 'x.1', 16], ['hey_mycroft', 'onnx::Flatten_0', 16], ['hey_rhasspy', 'onnx::Flatten_0', 16],
  ['alexa', 'onnx::Flatten_0', 16], ['timer', 'onnx::Flatten_0', 34], ['weather', 'onnx::Flatten_0', 22]])
  CASES.push(one('onnx-wakeword', `${word}_v0.1.onnx`, { [input]: f32(1, steps, 96) }));

for (const { id, file, inputs, open, fixed } of CASES) {
  test(`${id} ${file}`, async () => {
    const source = fetchedFile(id, file);
    const options = open.flatMap((name) => ['--input', `${name}=${inputs[name].shape}`]);
    for (const name of fixed) options.push('--constant', `${name}=${Array.from(inputs[name].data, Number)}`);
    const fed = Object.fromEntries(Object.entries(inputs).filter(([name]) => !fixed.includes(name)));
    const known = Object.fromEntries(fixed.map((name) => [name, inputs[name]]));
    await compareFile(source, path.join(folder, `${id}-${path.basename(file, '.onnx')}.tflite`), fed, { tolerance: 1e-4, litert: true, options, known });
  });
}
