// What WeChat's client shows over a page: sheets that are answered, toasts that go away.
const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

/** Resolves with the value of what was tapped; undefined for a button without one. */
export function showSheet({ title = '', text = '', image, choices = [], buttons = [] }) {
  const sheet = document.getElementById('sheet');
  return new Promise((resolve) => {
    const close = (value) => {
      sheet.hidden = true;
      sheet.replaceChildren();
      resolve(value);
    };
    const tap = (value) => ({ onclick: () => close(value) });
    sheet.replaceChildren(element('section', {},
      element('h2', { textContent: title }), element('p', { textContent: text }),
      ...(image ? [element('img', { src: image })] : []),
      element('div', { className: 'choices' }, ...choices.map(({ image: src, value }) => element('button', tap(value), element('img', { src })))),
      element('div', { className: 'row' }, ...buttons.map(({ text: textContent, value }) => element('button', { textContent, ...tap(value) })))));
    sheet.hidden = false;
  });
}

export function showToast(text) {
  const toast = element('div', { id: 'toast', textContent: text });
  document.body.append(toast);
  setTimeout(() => toast.remove(), 1500);
}
