// The rules file of a deployment, for serverless.yml to refer to: the rules as the function `alarm`
// reads them, and a subscription to the alarms for each recipient.
//
// deploy/check_rules.py checks the file, by the rules of alerta_utec/notifications/. The function
// `alarm` evaluates them, and names the recipients in the message's attribute `to`; the filter policy
// of a subscription lets through what names it, and never changes. SNS cannot evaluate the rules: a
// policy takes five keys, of which a rule may need six; an all-clear goes to the recipients of the
// earlier message, which no attribute tells; and a changed policy takes up to 15 minutes to apply.
'use strict';

const { execFile } = require('node:child_process');
const { existsSync } = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { findPython } = require('./python');

const run = promisify(execFile);
const SERVICE = path.dirname(__dirname);
const PACKED = 'rules.json';
// alerta_utec/ is written in Python 3.11.
const USABLE = 'sys.version_info >= (3, 11)';
// Isolated from the environment's packages: every machine reads a file alike.
const ISOLATED = ['-I', '-S', '-B'];

const NO_FILE = 'no es un archivo .yml que exista / is no .yml file that exists';
const NO_PYTHON =
  'para leerlo hace falta Python 3.11 o posterior; ALERTA_PYTHON=/ruta/a/python3 indica uno / ' +
  'Python 3.11 or later is needed to read it; ALERTA_PYTHON=/path/to/python3 names one';
const ENDLESS = 'un alias se contiene a sí mismo / an alias contains itself';

// `{ file, packed, rules, problems, subscriptions }` of --param="rules=FILE" (before: routes=FILE).
// deploy/plugin.js refuses the problems, and puts the rules into the zip as `packed`.
async function rules({ resolveVariable }) {
  const file = (await resolveVariable('param:rules')) || (await resolveVariable('param:routes'));
  if (!file) return { file: '', packed: '', rules: [], problems: [], subscriptions: {} };
  const found = existsSync(path.resolve(SERVICE, file)) && /\.ya?ml$/.test(file);
  if (!found) return refused(file, NO_FILE);
  const document = await resolveVariable(`file(${file})`);
  const checked = await check(document, await resolveVariable('param:email'));
  return { ...checked, file, packed: checked.problems.length ? '' : PACKED };
}

async function resources(osls) {
  const { rules: found, subscriptions } = await rules(osls);
  if (!found.length) return { Resources: {} };
  // The metadata is for `alerta-utec redrive`, which sends again from outside the stack.
  return { Resources: { Alarms: { Metadata: { Routes: found } }, ...subscriptions } };
}

async function check(document, email) {
  const python = await findPython(SERVICE, USABLE);
  if (!python) return refused('', NO_PYTHON);
  let request;
  try {
    request = JSON.stringify({ document, email }, plain);
  } catch (error) {
    if (error instanceof TypeError) return refused('', ENDLESS);
    throw error;
  }
  const checking = run(python, [...ISOLATED, path.join(__dirname, 'check_rules.py')]);
  checking.child.stdin.on('error', () => {}); // the exit status tells
  checking.child.stdin.end(request);
  return JSON.parse((await checking).stdout);
}

// YAML's dates are no text; JSON would make them one. The second argument is text by then.
function plain(key, value) {
  return this[key] instanceof Date ? {} : value;
}

function refused(file, problem) {
  return { file, packed: '', rules: [], problems: [problem], subscriptions: {} };
}

module.exports = { check, resources, rules };
