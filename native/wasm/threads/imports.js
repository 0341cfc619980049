// The binary's imports for Emscripten's glue, which plugin/src/engine.ts gives to the other builds.
/* global addToLibrary, Module */
addToLibrary({
  wxnn_now: () => performance.now(),
  wxnn_read: (where, bytes, to) => Module['wxnnRead'](where, bytes, to),
});
