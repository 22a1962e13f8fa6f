// The dashboard of a stage in CloudWatch: how fast changes reach everyone, and what holds them up.
// Without a name of its own, since dashboards are of the account and not of a Region.
'use strict';

const metrics = require('./metrics');
const { alarmNames } = require('./operators');

const { DEAD_LETTERS, DELIVERING, MINUTE, RELAYED, STREAM_READERS } = metrics;
const WIDTH = 8;
const HEIGHT = 6;
const COLUMNS = 3;

// CloudFormation fills these in (Fn::Sub), since a dashboard is one text of JSON.
function text(value) {
  if (typeof value === 'string') return value;
  if (value.Ref) return `\${${value.Ref}}`;
  return `\${${value['Fn::GetAtt'].join('.')}}`;
}

// One line of a graph, as the dashboard's JSON has it.
function line(one, label, options = {}) {
  const dimensions = Object.entries(one.dimensions).flatMap(([name, value]) => [name, text(value)]);
  const settings = { stat: one.stat, period: one.period, label, ...options };
  return [one.namespace, one.name, ...dimensions, settings];
}

const graph = (title, lines) => ({
  type: 'metric',
  properties: { title, region: '${AWS::Region}', view: 'timeSeries', stacked: false, metrics: lines },
});

const ofFunctions = (names, ...asked) => names.map((fn) => line(metrics.ofFunction(fn, ...asked), fn));

const concurrency = () => {
  const dimensions = { Service: 'Lambda', Type: 'Resource', Resource: 'ConcurrentExecutions', Class: 'None' };
  const used = { namespace: 'AWS/Usage', name: 'ResourceCount', dimensions, stat: 'Maximum', period: MINUTE };
  return graph('Funciones simultáneas y cuota / Concurrent functions and quota', [
    line(used, 'used', { id: 'used' }),
    [{ expression: 'SERVICE_QUOTA(used)', label: 'quota' }],
  ]);
};

const refusals = (stage) => {
  const found = `{AlertaUTEC/${stage},reason} MetricName="refused_handshakes"`;
  return graph('Conexiones rechazadas, por motivo / Handshakes refused, by reason', [
    [{ expression: `SEARCH('${found}', 'Sum', 300)`, label: '' }],
  ]);
};

function graphs(stage) {
  const ours = metrics.ours(stage);
  const sums = (names, channel) =>
    names.map((name) => line(ours(name, 'Sum', channel ? { channel } : {}), channel ? `${channel} ${name}` : name));
  const ms = (channel, stat) => line(ours('ms', stat, { channel }), `${channel} ${stat}`);
  return [
    graph('Tiempo hasta llegar a todos, ms / Time to all, ms', [
      ...['p50', 'p99', 'Maximum'].map((stat) => ms('broadcast', stat)),
      ms('heartbeat', 'p99'),
    ]),
    graph('Difusión / Broadcast', sums(['attempted', 'delivered', 'gone', 'throttled', 'failed'], 'broadcast')),
    graph('Conexiones abiertas / Open connections', [line(ours('open_connections', 'Maximum'), 'open')]),
    graph('Reportes / Reports', sums(['commits', 'conflicts', 'unavailable'])),
    graph('Correo y webhooks / E-mail and webhooks', [
      ...sums(['sent', 'held', 'failed'], 'email'),
      ...sums(['sent', 'failed', 'given_up'], 'webhook'),
    ]),
    refusals(stage),
    graph('Atraso de la entrega, ms / Delivery lag, ms', ofFunctions(STREAM_READERS, 'IteratorAge', 'Maximum', MINUTE)),
    graph('Colas / Queues', [
      ...['FanOut', ...RELAYED].map((queue) =>
        line(metrics.ofQueue(queue, 'ApproximateAgeOfOldestMessage'), `${queue}, s`)
      ),
      ...DEAD_LETTERS.map((queue) =>
        line(metrics.ofQueue(queue, 'ApproximateNumberOfMessagesVisible'), queue)
      ),
    ]),
    graph('Errores de funciones / Function errors', ofFunctions(DELIVERING, 'Errors', 'Sum')),
    graph('APIs', [
      line(metrics.ofApi('WebsocketsApi', 'ConnectCount'), 'connect'),
      line(metrics.ofApi('WebsocketsApi', 'MessageCount'), 'messages'),
      line(metrics.ofApi('WebsocketsApi', 'ExecutionError'), 'socket errors'),
      line(metrics.ofApi('HttpApi', 'Count'), 'http'),
      line(metrics.ofApi('HttpApi', '5xx'), 'http 5xx'),
    ]),
    concurrency(),
    graph('Latidos / Heartbeats', sums(['beats'])),
    graph('Suscripciones / Subscriptions', [
      ...['confirmed', 'pending', 'missing'].map((state) => line(ours(`${state}_subscriptions`, 'Maximum'), state)),
    ]),
  ];
}

function body(stage) {
  const status = {
    type: 'alarm',
    properties: { title: 'Alarmas / Alarms', alarms: alarmNames.map((name) => `\${${name}.Arn}`) },
    ...{ x: 0, y: 0, width: WIDTH * COLUMNS, height: 3 },
  };
  const placed = graphs(stage).map((widget, number) => ({
    ...widget,
    x: (number % COLUMNS) * WIDTH,
    y: status.height + Math.floor(number / COLUMNS) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
  }));
  return JSON.stringify({ widgets: [status, ...placed] });
}

async function resources({ resolveVariable }) {
  const stage = await resolveVariable('sls:stage');
  const Properties = { DashboardBody: { 'Fn::Sub': body(stage) } };
  return {
    Resources: { Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties } },
    Outputs: {
      DashboardUrl: {
        Value: {
          'Fn::Sub':
            'https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/${Dashboard}',
        },
      },
    },
  };
}

module.exports = { resources };
