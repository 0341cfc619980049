'use strict';
// Runs a driver on the plugin inside the simulator and prints what it gives as JSON, for engines.js: Node 15.14 and newer.
//   node run_driver.js '{"pluginRoot": …, "driver": …, "packageFiles": …, "resultShape": …, "input": …}'

const { createMiniProgram } = require('./index.js');

const options = JSON.parse(process.argv[2]);
const drive = require(options.driver);
const input = options.input && new Uint8Array(require('fs').readFileSync(options.input));
drive(createMiniProgram(options).requirePlugin('wxnn'), input)
  .then((result) => console.log(JSON.stringify(result)))
  .catch((error) => {
    console.error(error.stack);
    process.exitCode = 1;
  });
