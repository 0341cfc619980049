// wx.createSelectorQuery() with .node(), which the framework's own has not: the canvas behind <canvas type="2d">.

/** @param {() => object} page the page that is searched until .in() names a component */
export function createSelectorQuery(page) {
  let component;
  const asked = [];
  const query = {
    in(given) {
      component = given;
      return query;
    },
    select: (selector) => nodes(selector),
    exec(callback) {
      const results = asked.map(({ selector, fields, done }) => {
        const result = look(component || page(), selector, fields);
        if (done) done(result);
        return result;
      });
      if (callback) setTimeout(() => callback(results), 0);
      return query;
    },
  };
  const nodes = (selector) => {
    const ask = (fields) => (done) => {
      asked.push({ selector, fields, done });
      return query;
    };
    return { node: ask({ node: true }), boundingClientRect: ask({ rect: true, size: true }), fields: (fields, done) => ask(fields)(done) };
  };
  return query;
}

function look(component, selector, { node, size, rect }) {
  const found = component._$.getShadowRoot().querySelector(selector);
  if (!found) return null;
  const dom = found.getBackendElement(), box = dom.getBoundingClientRect();
  return {
    ...(node && { node: dom.querySelector('canvas') }),
    ...(size && { width: box.width, height: box.height }),
    ...(rect && { left: box.left, top: box.top, right: box.right, bottom: box.bottom }),
  };
}
