// The parts of the AWS SDK that the framework brings along.
'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

// A `require` that resolves the framework's own dependencies.
const requireFrom = (frameworkPath) => createRequire(path.resolve(frameworkPath, 'any.js'));

module.exports = { requireFrom };
