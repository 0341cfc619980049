'use strict';
// Properties that only the adapter's own objects have: tools/bundle.js makes them short, the same in index.js and its parts, those
// that are used most first. tests/plugin/private_names.test.js sees to it that none is a property of tfjs, WeChat, the engine or the caller.

module.exports = `
  calls pointer pieces numbers names parts first ports part place known last before next sentence found factor lost again slots after
  best settle demand live runner pictures held free chosen later make failure uses failures reserve tell waiting allocate dataOf drop
  failed pointers counts runOp scalar several slow adopt endpoints numberCount refusal servedBy behind dead locate owner blob busy
  growNumbers hold holdsWrites leave link release slotCount store turn capacity dtypes functionOf records upload
  copyOut measure patch putAttrs putNumber putNumbers resizeModel runAgain shapeOf weightNames
  doubtOf modelOf onModel there putAbsent putAttr runAnew runOn watchTime
`.trim().split(/\s+/);
