// Subscribes an e-mail address to a topic, after a deployment.
//
// Not a resource of the stack: CloudFormation would end the subscription at the next deployment
// without the address, and would not send a second confirmation. SNS's Subscribe is idempotent: it
// keeps a confirmed subscription, and writes again to an address that has not confirmed.
'use strict';

const { post } = require('./sdk');

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function subscribe(plugin, topicName, email) {
  const { partition, accountId } = await plugin.provider.getAccountInfo();
  const region = plugin.provider.getRegion();
  const topicArn = `arn:${partition}:sns:${region}:${accountId}:${topicName}`;
  const { status, body } = await post(plugin, 'sns', FORM, subscription(topicArn, email));
  if (status === 200) return;
  const reason = /<Message>([^<]*)/.exec(body);
  throw new Error(
    `No se pudo suscribir ${email} / could not subscribe ${email}: ` +
      `${reason ? reason[1] : `HTTP ${status}`}`
  );
}

function subscription(topicArn, email) {
  return new URLSearchParams({
    Action: 'Subscribe',
    Version: '2010-03-31',
    TopicArn: topicArn,
    Protocol: 'email',
    Endpoint: email,
  }).toString();
}

module.exports = { subscribe };
