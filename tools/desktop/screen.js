// Runs the mini-program on WeChat's component framework (glass-easel with its mini-program adapter) in one window. What WeChat's
// client gives besides the framework is in elements.js and wx.js. Not WeChat: one thread, and only what the demo uses.
import { MiniProgramEnv, glassEasel } from '/framework/adapter.js';
import project from '/project.js';
import { defineElements } from './elements.js';
import { createWx } from './wx.js';

const PLUGIN_ID = 'plugin';
const by = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);
const { app, main, pluginPackage } = project;

const env = new MiniProgramEnv();
const pluginSpace = env.createCodeSpace(PLUGIN_ID, false, project.plugin.publicComponents || {});
const mainSpace = env.createCodeSpace('', true);
const backend = env.associateBackend(createBackend());

function createBackend() {
  const context = new glassEasel.CurrentWindowBackendContext();
  context.onEvent((target, type, detail, options) => glassEasel.Event.triggerEvent(target, type, detail, options));
  return context;
}

/** Pages and the bars around them. */
const screen = {
  pages: new Map(),  // path -> {page, element}
  current: undefined,
  currentPage: () => screen.pages.get(screen.current).page,
  open(url) {
    const [path, query = ''] = url.replace(/^\//, '').split('?');
    if (path === screen.current) return;
    const before = screen.pages.get(screen.current);
    if (before) {
      before.element.hidden = true;
      before.page.onHide?.();
    }
    screen.current = path;
    drawBars(path);
    const known = screen.pages.get(path);
    const { page, element } = known || createPage(path);
    element.hidden = false;
    if (!known) page.onLoad?.(Object.fromEntries(new URLSearchParams(query)));
    page.onShow?.();
    if (!known) page.onReady?.();
    parent.postMessage({ page: path }, '*');
  },
  setTitle: (title) => { by('title').textContent = title; },
  setTabText: (index, text) => { by('tabs').children[index].lastElementChild.textContent = text; },
};

function createPage(path) {
  const element = document.createElement('div');
  element.className = 'wx-page';
  element.dataset.page = path;
  by('pages').append(element);
  const root = backend.createRoot('wx-root', mainSpace, path);
  const placeholder = document.createElement('span');
  element.append(placeholder);
  root.attach(element, placeholder);
  const made = { page: root.get(), element };
  screen.pages.set(path, made);
  return made;
}

function drawBars(path) {
  const config = { ...app.window, ...main.json[path] };
  const bar = by('navigation');
  bar.dataset.style = config.navigationStyle || 'default';
  bar.dataset.text = config.navigationBarTextStyle || 'black';
  bar.style.background = config.navigationBarBackgroundColor || '#fff';
  document.body.style.background = config.backgroundColor || '#fff';
  screen.setTitle(config.navigationBarTitleText || '');
  const { list = [], color, selectedColor, backgroundColor = '#fff', borderStyle } = app.tabBar || {};
  const tabs = by('tabs');
  Object.assign(tabs.style, { background: backgroundColor, borderColor: borderStyle === 'white' ? 'transparent' : 'rgba(0,0,0,.12)' });
  if (!tabs.children.length) {
    for (const { pagePath, text, iconPath } of list) {
      const button = document.createElement('button');
      button.innerHTML = iconPath ? '<img alt=""><span></span>' : '<span></span>';
      button.lastElementChild.textContent = text;
      button.onclick = () => screen.open(pagePath);
      tabs.append(button);
    }
  }
  list.forEach(({ pagePath, iconPath, selectedIconPath }, index) => {
    const isCurrent = pagePath === path;
    tabs.children[index].style.color = isCurrent ? selectedColor : color;
    if (iconPath) tabs.children[index].firstElementChild.src = `/package/${isCurrent ? selectedIconPath : iconPath}`;
  });
}

const wx = createWx(screen, {
  language: parameters.get('language') || navigator.language.replace('-', '_'),
  privacy: parameters.get('privacy') === 'agreed',
  samples: [1, 2, 3, 4].map((n) => `/photos/sample${n}.jpg`),
  worker: parameters.get('worker') !== 'none',
  camera: { source: parameters.get('camera') || 'photos', rotation: Number(parameters.get('rotation')) || 0 },
});

const memories = [];  // of the engines that run, for tests

/** WXWebAssembly: package paths only, and only what WeChat's has. */
const WXWebAssembly = {
  Memory: WebAssembly.Memory,
  Table: WebAssembly.Table,
  Instance: WebAssembly.Instance,
  async instantiate(path, imports) {
    if (typeof path !== 'string') throw new TypeError('WebAssembly.instantiate: first argument must be a string');
    const response = await fetch(`/plugin${path}`);
    if (!response.ok) throw new Error('load wasm failed!');
    const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), imports);
    if (instance.exports.memory) memories.push(instance.exports.memory);
    return instance;
  },
};

const application = {};
const global = {};  // what modules know by that name, tfjs among them

/**
 * A component as the adapter takes it: without 'wx://component-export' and the like, since what they ask for it gives to all;
 * and with the ready that WeChat's client calls once a component has a place on the screen.
 */
const adapted = (Component) => (definition) => {
  const { behaviors = [], lifetimes = {} } = definition;
  return Component({
    ...definition,
    behaviors: behaviors.filter((behavior) => typeof behavior !== 'string'),
    lifetimes: {
      ...lifetimes,
      attached() {
        lifetimes.attached?.call(this);
        if (lifetimes.ready) setTimeout(() => lifetimes.ready.call(this), 0);
      },
      ready: undefined,
    },
  });
};

/** Defines a package's components in its code space and gives its require. */
function runPackage(code, space, given) {
  const cache = {};
  const load = (from, name) => {
    let path = new URL(name, `http://package/${name.startsWith('/') ? '' : from}`).pathname.slice(1);
    if (!path.endsWith('.js')) path += '.js';
    if (cache[path]) return cache[path].exports;
    if (!code.modules[path]) throw new Error(`module '${path}' is not defined, require args is '${name}'`);
    const module = cache[path] = { exports: {} };
    const require = (wanted) => load(path, wanted);
    require.async = (wanted) => Promise.resolve().then(() => load(path, wanted));
    const run = ({ Page, Component, Behavior }) => code.modules[path](require, module, module.exports, Page, adapted(Component), Behavior,
      (definition) => { Object.assign(application, definition).onLaunch?.({}); }, () => application, given.requirePlugin, given.wx, given.WXWebAssembly, global);
    const component = path.slice(0, -3);
    if (code.names.includes(component)) space.componentEnv(component, run);
    else run({});
    return module.exports;
  };
  const tags = defineElements(space, project.elements, wx);
  for (const name of code.names) {
    space.addComponentStaticConfig(name, { ...code.json[name], usingComponents: { ...tags, ...code.json[name].usingComponents } });
    space.addCompiledTemplate(name, { groupList: code.templates, content: code.templates[name] });
    space.addStyleSheet(name, given.style + name, code.json[name].component ? code.prefixes[name] : '');
    backend.registerStyleSheetContent(given.style + name, code.styles[name]);
  }
  return { load, define: () => code.names.forEach((name) => load('', `/${name}`)) };
}

function start() {
  let plugin;
  const pluginCode = runPackage(pluginPackage, pluginSpace, { wx: wx.plugin, WXWebAssembly, style: 'plugin/' });
  const requirePlugin = (name) => {
    if (!(name in app.plugins)) throw new Error(`plugin "${name}" is not declared in app.json`);
    return plugin || (plugin = pluginCode.load('', `/${project.plugin.main}`));
  };
  pluginCode.define();
  for (const alias of Object.keys(app.plugins)) mainSpace.importCodeSpace(PLUGIN_ID, alias, false);
  const mainCode = runPackage(main, mainSpace, { wx: wx.host, requirePlugin, style: 'main/' });
  mainSpace.addStyleSheet('app', 'main/app');
  backend.registerStyleSheetContent('main/app', main.styles.app);
  mainCode.load('', '/app');
  mainCode.define();
  screen.open(parameters.get('page') || app.pages[0]);
  // For tests: the page that is shown, and the stand-ins.
  Object.assign(window, { demo: { screen, wx, requirePlugin, memories: () => memories } });
}

try {
  start();
} catch (error) {
  document.body.innerText = error.stack;
  throw error;
}
