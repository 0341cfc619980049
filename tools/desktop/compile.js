'use strict';
// A mini-program and its plugin as one ES module that screen.js runs: configuration, compiled WXML, scoped WXSS and the
// CommonJS modules. Templates are compiled by WeChat's own compiler; anything it warns about is an error here.

const fs = require('node:fs');
const path = require('node:path');
const { TmplGroup } = require('glass-easel-template-compiler');

// Built-in components, what screen.js and elements.js give for them. Their tags get a prefix, since <canvas>, <image> and
// <button> mean something else to a browser.
const ELEMENTS = {
  view: '<slot/>',
  text: '<slot/>',
  button: '<slot/>',
  image: '<img src="{{src}}"/>',
  canvas: '<canvas/>',
  camera: '<slot/>',
};
const ELEMENT_TAG = new RegExp(`<(/?)(${Object.keys(ELEMENTS).join('|')})(?=[\\s/>])`, 'g');

// What a browser has and WeChat's logic layer has not.
const ABSENT = ['window', 'document', 'self', 'globalThis', 'navigator', 'location', 'localStorage', 'WebAssembly', 'SharedArrayBuffer', 'Worker',
  'fetch', 'XMLHttpRequest', 'WebSocket', 'performance', 'TextEncoder', 'TextDecoder', 'URL', 'Blob', 'Image', 'crypto', 'btoa', 'atob'];
const GIVEN = ['require', 'module', 'exports', 'Page', 'Component', 'Behavior', 'App', 'getApp', 'requirePlugin', 'wx', 'WXWebAssembly', 'global'];

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const textOf = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');

/** Every file below a directory that project.config.json packs, relative to it, with slashes. */
function filesOf(root, isPacked, folder = '') {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return filesOf(root, isPacked, name);
    return isPacked(name) ? [name] : [];
  });
}

/** project.config.json's packOptions.ignore, as far as it is used here: endings and files by name. */
function packedBy(project) {
  const { ignore } = readJson(project).packOptions;
  const named = new Set(ignore.filter(({ type }) => type === 'glob').map(({ value }) => path.posix.basename(value)));
  const endings = ignore.filter(({ type }) => type === 'suffix').map(({ value }) => value);
  return (name) => !named.has(path.posix.basename(name)) && !endings.some((ending) => name.endsWith(ending));
}

/** A style sheet with every selector mapped; nested at-rules too, keyframes left alone. */
function mapSelectors(css, map) {
  let out = '', at = 0;
  while (at < css.length) {
    const open = css.indexOf('{', at);
    if (open < 0) return out + css.slice(at);
    let close = open + 1;
    for (let depth = 1; depth && close < css.length; close++) depth += css[close] === '{' ? 1 : css[close] === '}' ? -1 : 0;
    const prelude = css.slice(at, open).trim(), body = css.slice(open + 1, close - 1);
    if (/^@(media|supports)/.test(prelude)) out += `${prelude}{${mapSelectors(body, map)}}\n`;
    else if (prelude.startsWith('@')) out += `${prelude}{${body}}\n`;
    else out += `${prelude.split(',').map((selector) => map(selector.trim())).join(', ')} {${body.trim()}}\n`;
    at = close;
  }
  return out;
}

/** WXSS as CSS. A page's rules hold inside that page only, a component's classes carry the component's prefix. */
function toCss(wxss, name, isPage) {
  const css = wxss.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(\d*\.?\d+)rpx/g, (_, n) => `calc(${n} * 100vw / 750)`);
  const page = name && isPage ? `[data-page="${name}"]` : '';
  return mapSelectors(css, (selector) => {
    if (/^page\b/.test(selector)) return selector.replace(/^page/, `.wx-page${page}`);
    if (isPage) return `${page} ${selector}`.trim();
    return selector.replace(/\.([a-z_][\w-]*)/gi, (_, cls) => `.${prefixOf(name)}--${cls}`);
  });
}

const prefixOf = (name) => name.replace(/[^a-z0-9]+/gi, '-');

function compileTemplates(templates) {
  const group = new TmplGroup();
  const found = [];
  for (const [name, wxml] of Object.entries(templates)) {
    for (const { path: file, startLine, startColumn, message } of group.addTmpl(name, wxml) || []) {
      found.push(`${file}.wxml:${startLine}:${startColumn}: ${message}`);
    }
  }
  const code = group.getTmplGenObjectGroups();
  group.free();
  if (found.length) throw new Error(found.join('\n'));
  return code;
}

/** One code package (mini-program or plugin) as the text of an object. */
function compilePackage(root, isPacked, pages) {
  const files = filesOf(root, isPacked);
  const names = files.filter((name) => name.endsWith('.wxml')).map((name) => name.slice(0, -5));
  const at = (name, ending) => path.join(root, name + ending);
  const all = (value) => Object.fromEntries(names.map((name) => [name, value(name)]));
  const code = files.filter((name) => name.endsWith('.js'))
    .map((name) => `${JSON.stringify(name)}: function (${GIVEN.join(', ')}) {\n${textOf(at(name, ''))}\n}`);
  const styles = all((name) => toCss(textOf(at(name, '.wxss')), name, pages.includes(name)));
  if (pages.length) styles.app = toCss(textOf(at('app', '.wxss')), '', true);
  return `{
    names: ${JSON.stringify(names)},
    json: ${JSON.stringify(all((name) => readJson(at(name, '.json'))))},
    styles: ${JSON.stringify(styles)},
    prefixes: ${JSON.stringify(all(prefixOf))},
    templates: ${compileTemplates(all((name) => textOf(at(name, '.wxml')).replace(ELEMENT_TAG, '<$1wx-$2')))},
    modules: ((${ABSENT.join(', ')}) => ({ ${code.join(',\n')} }))(),
  }`;
}

/**
 * The whole project as an ES module with one default export.
 * @param {string} root with project.config.json
 */
function compileProject(root) {
  const project = readJson(path.join(root, 'project.config.json'));
  const isPacked = packedBy(path.join(root, 'project.config.json'));
  const miniprogram = path.join(root, project.miniprogramRoot), plugin = path.join(root, project.pluginRoot);
  const app = readJson(path.join(miniprogram, 'app.json'));
  const pages = app.pages.concat(...(app.subPackages || []).map((sub) => sub.pages.map((page) => path.posix.join(sub.root, page))));
  return `export default {
  app: ${JSON.stringify(app)},
  plugin: ${JSON.stringify(readJson(path.join(plugin, 'plugin.json')))},
  elements: ${compileTemplates(ELEMENTS)},
  main: ${compilePackage(miniprogram, isPacked, pages)},
  pluginPackage: ${compilePackage(plugin, isPacked, [])},
};`;
}

module.exports = { compileProject, ELEMENTS };
