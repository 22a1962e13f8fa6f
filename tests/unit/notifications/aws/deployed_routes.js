// Answers each line of JSON, `{ document, environment }`, with what a deployment makes of it.
'use strict';

const { createInterface } = require('node:readline');
const { read } = require('../../../../deploy/routes');
const { subscriptions } = require('../../../../deploy/subscriptions');

createInterface({ input: process.stdin }).on('line', (line) => {
  const { document, environment } = JSON.parse(line);
  const { rules, problems } = read(document, environment);
  const resources = problems.length ? {} : subscriptions(rules);
  process.stdout.write(`${JSON.stringify({ rules, problems, resources })}\n`);
});
