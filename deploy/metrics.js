// The metrics that alarms and the dashboard show, as CloudWatch names them.
'use strict';

const MINUTE = 60;
const FIVE_MINUTES = 300;
const HOUR = 3600;

// Functions of serverless.yml. At most two may read the stream.
const STREAM_READERS = ['broadcast', 'relay'];
const DELIVERING = ['notify', 'update', 'broadcast', 'relay', 'fanout', 'alarm', 'webhooks', 'webhook'];
// The queues between relay and the functions that are not readers.
const RELAYED = ['Notifications', 'WebhookChanges'];
const DEAD_LETTERS = ['Undelivered', 'UndeliveredInOrder'];
// Those behind a queue, whose messages can form a loop.
const REPEATING = ['fanout', 'alarm', 'webhooks', 'webhook'];

const metric = (namespace, name, dimensions, stat, period = FIVE_MINUTES) => ({
  namespace,
  name,
  dimensions,
  stat,
  period,
});

const ofFunction = (fn, name, stat, period) => {
  const logicalId = `${fn[0].toUpperCase()}${fn.slice(1)}LambdaFunction`;
  return metric('AWS/Lambda', name, { FunctionName: { Ref: logicalId } }, stat, period);
};

// Of every function in the account and Region: its limit of concurrent ones is theirs together.
const ofAllFunctions = (name, stat) => metric('AWS/Lambda', name, {}, stat);

const ofQueue = (queue, name, period) =>
  metric('AWS/SQS', name, { QueueName: { 'Fn::GetAtt': [queue, 'QueueName'] } }, 'Maximum', period);

const ofApi = (api, name) => metric('AWS/ApiGateway', name, { ApiId: { Ref: api } }, 'Sum');

// Of alerta_utec/ports/metrics.py, which has their names and labels.
const ours = (stage) => (name, stat, dimensions = {}) =>
  metric(`AlertaUTEC/${stage}`, name, dimensions, stat);

module.exports = {
  DEAD_LETTERS,
  DELIVERING,
  HOUR,
  MINUTE,
  RELAYED,
  REPEATING,
  STREAM_READERS,
  ofAllFunctions,
  ofApi,
  ofFunction,
  ofQueue,
  ours,
};
