// WeChat's built-in components, as far as the demo uses them. What they look like is in screen.css.
import { attachCamera } from './camera.js';

const text = String;
const PROPERTIES = {
  view: { hoverClass: text, ariaRole: text, ariaLabel: text },
  text: {},
  button: { type: text, size: text, disabled: Boolean, openType: text, hoverClass: text, ariaLabel: text },
  image: { src: text, mode: text, ariaLabel: text },
  canvas: { type: text, ariaLabel: text },
  camera: { devicePosition: text, frameSize: text, flash: text, mode: text, resolution: text },
};

const ATTACHED = {
  button(component, dom, wx) {
    dom.addEventListener('click', () => {
      const { disabled, openType } = component.data;
      if (disabled) return;
      if (openType === 'agreePrivacyAuthorization') {
        wx.agreeToPrivacy();
        component.triggerEvent('agreeprivacyauthorization', {}, {});
      }
      if (openType === 'openSetting') component.triggerEvent('opensetting', { authSetting: { 'scope.camera': true } }, {});
    });
  },
  canvas(component, dom) {
    dom.firstElementChild.createImage = () => new Image();
    dom.firstElementChild.requestAnimationFrame = (callback) => requestAnimationFrame(callback);
    dom.firstElementChild.cancelAnimationFrame = (id) => cancelAnimationFrame(id);
  },
  camera: attachCamera,
};

/** Registers the built-in components in a code space; gives what their tags mean, for every component's usingComponents. */
export function defineElements(space, templates, wx) {
  const tags = {};
  for (const [name, properties] of Object.entries(PROPERTIES)) {
    const path = `element/${name}`;
    tags[`wx-${name}`] = `/${path}`;
    space.addComponentStaticConfig(path, { component: true });
    space.addCompiledTemplate(path, { groupList: templates, content: templates[name] });
    space.componentEnv(path, ({ Component }) => Component({
      properties,
      observers: name === 'camera' && { devicePosition(position) { if (this.camera) this.camera.turn(position); } },
      lifetimes: {
        attached() {
          if (ATTACHED[name]) this.camera = ATTACHED[name](this, this._$.getBackendElement(), wx);
        },
        detached() {
          if (this.camera) this.camera.stop();
        },
      },
    }));
  }
  return tags;
}
