'use strict';
// <face-canvas> in WeChat's older component framework (exparser, by miniprogram-simulate) in Chromium: the same files as in the
// plugin, drawing the picture and the faces. demo.test.js has it in glass-easel.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const esbuild = require('esbuild');
const { close, keepScreen, onPage } = require('./desktop.js');

const COMPONENT = path.join(__dirname, '../../plugin/components/face-canvas');

test.after(close);

/** The framework in the page, and the component under the id face-canvas. */
async function load(page) {
  await page.addScriptTag({ path: require.resolve('miniprogram-simulate/build.js') });
  await page.evaluate(() => {
    globalThis.Component = (definition) => { globalThis.definition = definition; };
    // The framework has no canvas behind <canvas>, and its own createSelectorQuery no node.
    const query = { in: () => query, select: () => query, fields: () => query, exec: (done) => setTimeout(() => {
      const host = document.querySelector('.box wx-canvas');
      const node = host.querySelector('canvas') || host.appendChild(document.createElement('canvas')), { width, height } = node.getBoundingClientRect();
      node.createImage = () => new Image();
      done([{ node, width, height }]);
    }, 0) };
    globalThis.wx = { createSelectorQuery: () => query, getWindowInfo: () => ({ pixelRatio: devicePixelRatio }) };
  });
  const { outputFiles } = esbuild.buildSync({ entryPoints: [path.join(COMPONENT, 'face-canvas.js')], bundle: true, write: false, format: 'iife', logLevel: 'error' });
  await page.addScriptTag({ content: outputFiles[0].text });
  await page.evaluate((template) => {
    globalThis.simulate.load({ id: 'face-canvas', ...globalThis.definition, template });
    document.body.innerHTML = '<div class="box"></div>';
    document.head.insertAdjacentHTML('beforeend', '<style>.box { width: 300px; height: 200px } .box * { width: 100%; height: 100%; display: block }</style>');
  }, fs.readFileSync(path.join(COMPONENT, 'face-canvas.wxml'), 'utf8').trim());
}

test('face-canvas under exparser: properties, the exported functions, devicePixelRatio', async () => {
  await onPage('web', async (page) => {
    await page.waitForSelector('text=3 faces');
    await load(page);
    const faces = [{ score: 0.9, box: [480, 320, 960, 960], keypoints: [[600, 500]], angle: 0 }];
    const seen = await page.evaluate(async (given) => {
      const component = globalThis.simulate.render('face-canvas', { src: '/photos/sample1.jpg', keypoints: false });
      component.attach(document.querySelector('.box'));
      const { canvas, draw, show } = component.instance.__export__();
      const node = await canvas();
      const at = (x, y) => [...node.getContext('2d').getImageData(x, y, 1, 1).data];
      await show('/photos/sample1.jpg');
      const before = at(150, 200);
      component.instance.setData({ faces: given });
      const byProperty = at(150, 200), corner = at(150, 130);
      draw([]);
      const cleared = at(150, 200);
      // Over a camera: no picture, the frame covers the view.
      await show('');
      component.instance.setData({ fit: 'cover' });
      const empty = at(300, 200)[3];
      draw([{ ...given[0], box: [0, 0, 100, 100] }], { width: 100, height: 100, rotation: 90, mirror: true });
      return { width: node.width, height: node.height, before, byProperty, corner, cleared, empty, frame: [at(300, 200)[3], at(0, 200)[3], at(599, 200)[3]] };
    }, faces);
    await keepScreen(page, 'component_exparser');
    assert.deepEqual([seen.width, seen.height], [600, 400]);  // two canvas pixels for one of the screen's
    assert.notDeepEqual(seen.byProperty, seen.before, 'the box of the property faces is not drawn');
    assert.deepEqual(seen.corner, [43, 227, 160, 255], 'its corners are strong');  // the colour of a photo's faces
    assert.deepEqual(seen.cleared, seen.before, 'the box is still there');
    assert.equal(seen.empty, 0);
    assert.equal(seen.frame[0], 0, 'nothing is drawn inside the box');
    assert.ok(seen.frame[1] > 0 && seen.frame[2] > 0, 'the box of a frame that covers the view ends at its edges');
  });
});
