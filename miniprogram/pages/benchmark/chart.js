// The bar chart, on a 2d canvas: one group for each model, one bar for each backend, as long as the runs per second.
const COLOURS = ['#07a56f', '#5aa9f5', '#f3a23c', '#b084f0', '#e0607e'];

/** A round number not below `value`. @param {number} value */
function ceiling(value) {
  const power = Math.pow(10, Math.floor(Math.log10(value)));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value) || value;
}

/** @param {number} groups @param {number} bars @returns {number} the chart's height in the screen's pixels */
const heightOf = (groups, bars) => 74 + groups * (30 + 22 * bars);

/**
 * @param {any} canvas in the screen's own pixels
 * @param {number} unit canvas pixels for one of the screen's
 * @param {{title: string, subtitle: string, backends: string[], groups: {name: string, values: (number | undefined)[]}[]}} chart
 *   values: runs per second, in the order of the backends
 */
function drawChart(canvas, unit, { title, subtitle, backends, groups }) {
  const context = canvas.getContext('2d');
  context.setTransform(unit, 0, 0, unit, 0, 0);
  const width = canvas.width / unit, height = canvas.height / unit;
  const left = 18, right = width - 62;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  /** @param {string} text @param {number} x @param {number} y @param {string} style @param {string} colour */
  const write = (text, x, y, style, colour, align = 'left') => {
    context.font = style;
    context.fillStyle = colour;
    context.textAlign = align;
    context.fillText(text, x, y);
  };
  context.textBaseline = 'middle';
  write(title, left, 18, '600 15px sans-serif', '#10181f');
  write(subtitle, left, 38, '11px sans-serif', '#7a8792');
  const most = ceiling(Math.max(1, ...groups.map(({ values }) => Math.max(0, ...values.map((value) => value || 0)))));
  let y = 56;
  for (const { name, values } of groups) {
    write(name, left, y + 12, '12px sans-serif', '#3c4852');
    y += 24;
    values.forEach((value, index) => {
      context.fillStyle = '#eef2f4';
      context.fillRect(left, y + 2, right - left, 14);
      if (value) {
        context.fillStyle = COLOURS[index % COLOURS.length];
        context.fillRect(left, y + 2, Math.max(2, ((right - left) * value) / most), 14);
      }
      write(value ? value.toFixed(value < 10 ? 1 : 0) : '–', width - 18, y + 9, '600 12px sans-serif', '#10181f', 'right');
      y += 22;
    });
    y += 6;
  }
  let x = left;
  backends.forEach((name, index) => {
    context.fillStyle = COLOURS[index % COLOURS.length];
    context.fillRect(x, height - 17, 9, 9);
    write(name, x + 14, height - 12, '11px sans-serif', '#55626d');
    x += 30 + context.measureText(name).width;
  });
}

module.exports = { COLOURS, drawChart, heightOf };
