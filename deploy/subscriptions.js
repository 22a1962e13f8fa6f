// The routing file's recipients as subscriptions to the alarms, for serverless.yml to refer to.
//
// Who gets which alarm is decided once, by alerta_utec/notifications/rules.py in the function `alarm`,
// which names the recipients in the message's attribute `to`; a subscription lets through what
// names it, and its policy never changes. SNS could not decide it: a policy takes five keys, of
// which a rule may need six, and an all-clear goes to whoever was told, which no message says; and
// a policy that changes takes up to 15 minutes to count everywhere.
'use strict';

const { createHash } = require('node:crypto');
const { existsSync } = require('node:fs');
const path = require('node:path');
const { destination, read } = require('./routes');

const SERVICE = path.dirname(__dirname);
const PACKED = 'routes.json';

// `{ file, packed, rules, problems }` of --param="routes=FILE": deploy/plugin.js refuses the problems,
// and puts the rules into the zip as `packed`.
async function routes({ resolveVariable }) {
  const file = await resolveVariable('param:routes');
  if (!file) return { file: '', packed: '', rules: [], problems: [] };
  if (!existsSync(path.resolve(SERVICE, file)) || !/\.ya?ml$/.test(file)) {
    const problems = ['no es un archivo .yml que exista / is no .yml file that exists'];
    return { file, packed: '', rules: [], problems };
  }
  return { file, packed: PACKED, ...read(await resolveVariable(`file(${file})`), process.env) };
}

async function resources(osls) {
  const { rules, problems } = await routes(osls);
  if (problems.length || !rules.length) return { Resources: {} };
  // For whoever sends again what was given up, from outside the stack.
  return { Resources: { Alarms: { Metadata: { Routes: rules } }, ...subscriptions(rules) } };
}

// One for each recipient. By its name CloudFormation knows it again in a file that has changed.
function subscriptions(rules) {
  const entries = rules.flatMap(({ to }) => to).map((address) => {
    const id = recipientId(address);
    const Properties = {
      TopicArn: { Ref: 'Alarms' },
      Protocol: address.startsWith('+') ? 'sms' : 'email',
      Endpoint: address,
      FilterPolicy: { to: [id] },
    };
    return [`Recipient${id}`, { Type: 'AWS::SNS::Subscription', Properties }];
  });
  return Object.fromEntries(entries);
}

// As alerta_utec/notifications/aws/topic.py names it: no address, since every subscriber can read it.
function recipientId(address) {
  return createHash('sha256').update(destination(address)).digest('hex').slice(0, 16);
}

module.exports = { resources, routes, subscriptions };
