#include "converter/html_report.h"

#include <nlohmann/json.hpp>

namespace wxnn {

namespace {

// The page lays the graph out itself: rows by the longest way from an input, columns by the nodes
// read.
constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>
:root { --ink: #1c2430; --soft: #5b6675; --line: #c9d1db; --page: #f6f8fa; --card: #fff; }
body { margin: 0; background: var(--page); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
header { padding: 20px 24px 8px; }
h1 { font-size: 20px; margin: 0 0 4px; overflow-wrap: anywhere; }
dl { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 12px 0; }
dt { color: var(--soft); font-size: 12px; } dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
main { display: flex; flex-wrap: wrap; gap: 16px; padding: 8px 24px 32px; align-items: flex-start; }
#graph { flex: 1 1 420px; min-width: 0; overflow: auto; max-height: 85vh; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
#side { flex: 0 1 600px; min-width: 0; max-height: 85vh; overflow: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 12px; }
th { position: sticky; top: 0; background: var(--card); text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: 4px 7px; border-bottom: 1px solid #eef1f4; } td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.name, td.op { overflow-wrap: anywhere; min-width: 90px; } td.name { min-width: 110px; } tr.on td { background: #fff3d6; } tr { cursor: pointer; }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink); } svg .sub { fill: var(--soft); font-size: 10px; }
svg path { fill: none; stroke: #9aa6b4; } svg rect { stroke: #9aa6b4; } svg g.on rect { stroke: #b35900; stroke-width: 2.5; } svg g { cursor: pointer; }
</style></head><body>
<script type="application/json" id="model">)";

constexpr const char* kTail = R"(</script>
<header><h1></h1><div id="what"></div><dl></dl></header><main><div id="graph"></div><div id="side"></div></main>
<script>
'use strict';
const model = JSON.parse(document.getElementById('model').textContent);
const el = (name, attrs, text) => {
  const svg = ['svg', 'g', 'rect', 'path', 'text', 'title'].includes(name);
  const e = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const k in attrs) e.setAttribute(k, attrs[k]);
  if (text !== undefined) e.textContent = text;
  return e;
};
const short = (n) => n >= 1e9 ? (n / 1e9).toFixed(2) + ' G' : n >= 1e6 ? (n / 1e6).toFixed(1) + ' M' : n >= 1e3 ? (n / 1e3).toFixed(1) + ' k' : String(n);
const bytes = (n) => n >= 1048576 ? (n / 1048576).toFixed(2) + ' MiB' : (n / 1024).toFixed(1) + ' KiB';
const ms = (t) => t.toFixed(t < 0.1 ? 3 : 2) + ' ms';
document.title = model.title;
document.querySelector('h1').textContent = model.title;
document.getElementById('what').textContent = model.format + ' to TensorFlow Lite';
const facts = [['file before', bytes(model.before)], ['file after', bytes(model.after)], ['nodes', model.nodes.length],
  ['multiply-adds', short(model.multiplyAdds)], ['memory while running', bytes(model.arena)], ['weights', bytes(model.weights)], ['one run here', ms(model.ms)]];
const dl = document.querySelector('dl');
for (const [k, v] of facts) { const d = el('div', {}); d.append(el('dt', {}, k), el('dd', {}, v)); dl.append(d); }

// Rows by the longest way from the inputs; in a row, by the middle of the nodes read.
const W = 176, H = 38, GX = 18, GY = 26, rows = [];
model.nodes.forEach((n, i) => {
  n.row = 1 + Math.max(-1, ...n.inputs.map((k) => model.nodes[k].row));
  (rows[n.row] ??= []).push(i);
});
const widest = Math.max(...rows.map((r) => r.length));
rows.forEach((row) => {
  const wish = (i) => { const p = model.nodes[i].inputs; return p.length ? p.reduce((s, k) => s + model.nodes[k].x, 0) / p.length : 0; };
  row.sort((a, b) => wish(a) - wish(b));
  const left = (widest - row.length) * (W + GX) / 2;
  row.forEach((i, k) => { model.nodes[i].x = GX + left + k * (W + GX); model.nodes[i].y = GY + model.nodes[i].row * (H + GY); });
});
const most = Math.max(...model.nodes.map((n) => n.ms), 1e-9);
const colour = (n) => `hsl(${38 - 24 * n.ms / most} 95% ${97 - 42 * Math.sqrt(n.ms / most)}%)`;
const width = widest * (W + GX) + GX, height = rows.length * (H + GY) + GY;
const svg = el('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': 'the graph, coloured by time' });
for (const n of model.nodes) for (const k of new Set(n.inputs)) {
  const p = model.nodes[k], x0 = p.x + W / 2, y0 = p.y + H, x1 = n.x + W / 2, y1 = n.y, c = Math.min(40, (y1 - y0) / 2);
  svg.append(el('path', { d: `M${x0} ${y0}C${x0} ${y0 + c} ${x1} ${y1 - c} ${x1} ${y1}` }));
}
const pick = (i, scroll) => {
  document.querySelectorAll('.on').forEach((e) => e.classList.remove('on'));
  for (const id of ['n' + i, 'r' + i]) document.getElementById(id).classList.add('on');
  document.getElementById((scroll ? 'n' : 'r') + i).scrollIntoView({ block: 'center', inline: 'center' });
};
model.nodes.forEach((n, i) => {
  const g = el('g', { id: 'n' + i });
  g.append(el('title', {}, `${n.name}\n${n.op} [${n.shape}]\n${ms(n.ms)}, ${short(n.macs)} multiply-adds`));
  g.append(el('rect', { x: n.x, y: n.y, width: W, height: H, rx: 5, fill: colour(n) }));
  g.append(el('text', { x: n.x + 8, y: n.y + 15 }, n.op));
  g.append(el('text', { x: n.x + 8, y: n.y + 30, class: 'sub' }, `${n.shape.join(' x ') || 'scalar'}, ${ms(n.ms)}`));
  g.onclick = () => pick(i, false);
  svg.append(g);
});
const box = document.getElementById('graph');
box.append(svg);
box.scrollLeft = (model.nodes[0]?.x ?? 0) + W / 2 - box.clientWidth / 2;
// What every name begins with says nothing.
let common = model.nodes[0]?.name ?? '';
for (const n of model.nodes) while (!n.name.startsWith(common)) common = common.slice(0, -1);
common = common.slice(0, common.lastIndexOf('/') + 1);
const table = el('table', {}), head = el('tr', {});
for (const h of ['node', 'operator', 'multiply-adds', 'time', 'share']) head.append(el('th', {}, h));
table.append(head);
[...model.nodes.keys()].sort((a, b) => model.nodes[b].ms - model.nodes[a].ms).forEach((i) => {
  const n = model.nodes[i], tr = el('tr', { id: 'r' + i });
  tr.append(el('td', { class: 'name', title: n.name }, n.name.slice(common.length)), el('td', { class: 'op' }, n.op), el('td', { class: 'n' }, short(n.macs)), el('td', { class: 'n' }, ms(n.ms)),
    el('td', { class: 'n' }, (100 * n.ms / Math.max(model.ms, 1e-9)).toFixed(1) + '%'));
  tr.onclick = () => pick(i, true);
  table.append(tr);
});
document.getElementById('side').append(table);
</script></body></html>
)";

}  // namespace

std::string html_report(const std::string& title, const Converted& converted,
                        const ModelCost& cost) {
  using Json = nlohmann::ordered_json;
  Json json = {{"title", title},
               {"format", converted.format},
               {"before", converted.source_bytes},
               {"after", converted.written.bytes.size()},
               {"multiplyAdds", cost.multiply_adds},
               {"arena", cost.memory.arena_bytes},
               {"weights", cost.memory.constant_bytes + cost.memory.packed_bytes},
               {"ms", cost.ms},
               {"nodes", Json::array()}};
  for (const NodeCost& n : cost.nodes) {
    std::vector<int32_t> dims;
    if (n.shape.is_known()) dims.assign(n.shape.dims().begin(), n.shape.dims().end());
    json["nodes"].push_back({{"name", n.name},
                             {"op", n.op},
                             {"shape", dims},
                             {"macs", n.multiply_adds},
                             {"ms", n.ms},
                             {"inputs", n.inputs}});
  }
  // Names come from a file: none may end the script.
  std::string data = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  for (size_t at = 0; (at = data.find('<', at)) != std::string::npos; at += 6)
    data.replace(at, 1, "\\u003c");
  return kHead + data + kTail;
}

}  // namespace wxnn
