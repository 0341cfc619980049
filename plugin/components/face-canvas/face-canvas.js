// <face-canvas>: a picture and the faces on it, or faces alone over whatever lies beneath (a camera).
//
//   <face-canvas id="faces" class="faces" src="{{path}}" faces="{{faces}}" mesh />            give the class a size
//
// A frame loop calls the exported functions instead, since setData copies everything:
//   this.selectComponent('#faces').draw(faces, {width, height, rotation, mirror})
const { drawFaces, placePicture } = require('./draw_faces');

const MAX_RATIO = 3;  // canvas pixels for one of the screen's

/** @param {any} canvas @param {string} src */
function loadImage(canvas, src) {
  return new Promise((resolve, reject) => {
    const image = canvas.createImage();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error(`the picture ${src} cannot be opened`));
    image.src = src;
  });
}

Component({
  behaviors: ['wx://component-export'],

  properties: {
    /** The picture that is shown, or none. */
    src: String,
    /** What detect gave, in pixels of that picture. */
    faces: { type: Array, value: [] },
    /** "contain", or "cover" as a camera's preview does. */
    fit: { type: String, value: 'contain' },
    boxes: { type: Boolean, value: true },
    keypoints: { type: Boolean, value: true },
    mesh: { type: Boolean, value: false },
    labels: { type: Boolean, value: false },
    /** What a screen reader says. */
    label: String,
  },

  observers: {
    src(src) {
      if (this.ready) this.show(src).catch(() => undefined);
    },
    faces(faces) {
      if (this.ready) this.draw(faces, this.picture);
    },
    'fit, boxes, keypoints, mesh, labels'() {
      if (this.ready) this.redraw();
    },
  },

  lifetimes: {
    ready() {
      this.ready = true;
      if (this.data.src) this.show(this.data.src).catch(() => undefined);
    },
    detached() {
      this.gone = true;
    },
  },

  export() {
    return {
      draw: (faces, picture) => this.draw(faces, picture),
      show: (src) => this.show(src),
      clear: () => this.draw([]),
      canvas: () => this.canvas(),
    };
  },

  methods: {
    /** The canvas, sized to the screen's own pixels. Resolves with its node. */
    canvas() {
      return new Promise((resolve, reject) => {
        wx.createSelectorQuery().in(this).select('#canvas').fields({ node: true, size: true }).exec(([found]) => {
          if (!found || !found.node || this.gone) return reject(new Error('face-canvas is not on a page'));
          const { node, width, height } = found;
          const { pixelRatio } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
          this.unit = Math.min(pixelRatio, MAX_RATIO);
          const w = Math.round(width * this.unit), h = Math.round(height * this.unit);
          if (node.width !== w || node.height !== h) Object.assign(node, { width: w, height: h });
          this.node = node;
          return resolve(node);
        });
      });
    },

    /** Shows a picture, without faces. Resolves with its size once it is drawn; with nothing when another was asked for meanwhile. */
    async show(src) {
      const asked = this.asked = {};
      this.faces = [];
      this.image = this.picture = this.seen = undefined;
      const canvas = await this.canvas();
      const image = src ? await loadImage(canvas, src) : undefined;
      if (this.asked !== asked) return undefined;
      this.image = image;
      this.picture = image && { width: image.width, height: image.height };
      this.redraw();
      return this.picture;
    },

    /**
     * Draws faces in place of the former ones.
     * picture: {width, height, rotation, mirror} of what detect got, where it is not the one that is shown.
     */
    draw(faces, picture) {
      this.faces = faces;
      this.seen = picture || this.picture;
      if (this.node) return this.redraw();
      if (!this.waiting) this.waiting = this.canvas().then(() => this.redraw(), () => undefined);
      return undefined;
    },

    redraw() {
      const { node: canvas, picture, seen, image } = this;
      if (!canvas || this.gone) return;
      const context = canvas.getContext('2d');
      context.clearRect(0, 0, canvas.width, canvas.height);
      const { fit, boxes, keypoints, mesh, labels } = this.data;
      if (image) {
        const at = placePicture(picture, canvas, fit);
        context.drawImage(image, at.x0, at.y0, picture.width * at.xx, picture.height * at.yy);
      }
      if (seen) drawFaces(context, this.faces || [], placePicture(seen, canvas, fit), { unit: this.unit, boxes, keypoints, mesh, labels });
    },
  },
});
