// Finds the Python that a deployment's scripts run with. ALERTA_PYTHON names one.
'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const run = promisify(execFile);
const IN_VENV = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';
// Where the system's own python3 is older, a newer one may be beside it.
const NAMES = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11'];

// The first Python for which the expression `usable` holds, or undefined.
async function findPython(folder, usable) {
  const chosen = process.env.ALERTA_PYTHON;
  const venv = path.join(folder, '.venv', IN_VENV);
  for (const python of chosen ? [chosen] : [venv, ...NAMES]) {
    try {
      await run(python, ['-c', `import sys; sys.exit(not (${usable}))`]);
      return python;
    } catch {
      continue;
    }
  }
  return undefined;
}

module.exports = { findPython };
