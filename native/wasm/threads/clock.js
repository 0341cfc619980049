// The binary's import for Emscripten's glue: the clock that plugin/src/engine.ts gives to the other builds.
/* global addToLibrary */
addToLibrary({
  wxnn_now: () => performance.now(),
});
