'use strict';
// tools/private_names.js: what is made short there is a property of the adapter's own objects and of no other's, as TypeScript sees it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const ts = require('typescript');
const { ROOT } = require('./programs.js');
const NAMES = require('../../tools/private_names.js');

const SOURCE = path.join(ROOT, 'plugin/src') + path.sep;
// What these declare is also seen by the caller, tfjs, the platform or a worker.
const OUTSIDE = ['types.ts', 'types_tfjs.ts', 'public.ts', 'host.ts', 'node_list.ts', 'source.ts', 'worker/messages.ts', 'tfjs/core.ts', 'tfjs/host_tf.ts', 'tfjs/pixels.ts', 'tfjs/endpoints.ts'];
const OUTSIDE_TYPES = ['OpInfo', 'Executor', 'Artifacts', 'TfGraphModel', 'Converter', 'Entry'];
// Classes and functions in these files of our own.
const OWN_PARTS = { 'node_list.ts': ts.SyntaxKind.ClassDeclaration };

function isOurs(declaration) {
  const file = declaration.getSourceFile().fileName;
  if (!file.startsWith(SOURCE)) return false;
  const name = file.slice(SOURCE.length);
  for (let node = declaration; node; node = node.parent) {
    if ((OWN_PARTS[name] && node.kind === OWN_PARTS[name]) || (node.name && node.name.text === 'ModelFile')) return true;
    if (node.name && OUTSIDE_TYPES.includes(node.name.text)) return false;
  }
  return !OUTSIDE.includes(name);
}

/** Places of a name where a property of that name is read, written or declared elsewhere than in our own objects. */
function foreignUses(program) {
  const checker = program.getTypeChecker();
  const found = [];
  const visit = (node) => {
    ts.forEachChild(node, visit);
    let declarations;
    const isMember = ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node) || (ts.isMethodDeclaration(node) && ts.isObjectLiteralExpression(node.parent));
    const name = ts.isBindingElement(node) ? node.propertyName || node.name : node.name;
    if (!name || !ts.isIdentifier(name) || !NAMES.includes(name.text)) return;
    const propertyOf = (type) => (type && checker.getApparentType(type).getProperty(name.text));
    if (ts.isPropertyAccessExpression(node)) {
      const symbol = checker.getSymbolAtLocation(name);
      declarations = symbol && symbol.declarations;
    } else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent) && !node.dotDotDotToken) {
      const symbol = propertyOf(checker.getTypeAtLocation(node.parent));
      declarations = symbol && symbol.declarations;
    } else if (isMember) {
      // A literal of no declared type may go anywhere.
      const type = checker.getContextualType(node.parent);
      const symbols = (type && type.isUnion() ? type.types : [type]).map(propertyOf);
      declarations = symbols.every((symbol) => symbol) ? symbols.flatMap((symbol) => symbol.declarations) : undefined;
    } else if (ts.isPropertySignature(node) || ts.isMethodSignature(node) || ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)) {
      declarations = [node];
    } else {
      return;
    }
    if (!declarations || !declarations.every(isOurs)) {
      const file = node.getSourceFile();
      found.push(`${path.relative(SOURCE, file.fileName)}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${name.text}`);
    }
  };
  for (const file of program.getSourceFiles()) if (file.fileName.startsWith(SOURCE)) visit(file);
  return found;
}

test('names that the bundler shortens are properties of nobody else\'s objects', () => {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  assert.deepEqual(foreignUses(ts.createProgram(fileNames, options)), []);
});

test('no such name is a member of tfjs\'s classes and interfaces, which ours extend or stand in for', () => {
  const members = new Set();
  for (const part of ['core', 'converter', 'backend-cpu', 'backend-webgl']) {
    const folder = path.join(ROOT, `node_modules/@tensorflow/tfjs-${part}/dist`);
    for (const name of fs.readdirSync(folder, { recursive: true })) {
      if (!name.endsWith('.d.ts')) continue;
      const visit = (node) => {
        if ((ts.isPropertySignature(node) || ts.isMethodSignature(node) || ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node)) && ts.isIdentifier(node.name)) members.add(node.name.text);
        ts.forEachChild(node, visit);
      };
      visit(ts.createSourceFile(name, fs.readFileSync(path.join(folder, name), 'utf8'), ts.ScriptTarget.ES2018));
    }
  }
  assert.ok(members.has('disposeData') && members.has('runKernel'));
  assert.deepEqual(NAMES.filter((name) => members.has(name)), []);
});
