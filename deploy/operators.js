// The alarms for the people who run the service, and the topic that sends them. docs/operations.md has
// a runbook for each.
'use strict';

const metrics = require('./metrics');

const { DEAD_LETTERS, DELIVERING, HOUR, MINUTE, RELAYED, REPEATING, STREAM_READERS } = metrics;
const TO_OPERATORS = [{ Ref: 'Operators' }];
const GUIDES = ['docs/operations.es.md', 'docs/operations.md'];

// CloudWatch may not publish to a topic that is encrypted with the account's key for SNS. Its messages
// hold no incidents.
const operators = (name) => ({
  Type: 'AWS::SNS::Topic',
  Properties: { TopicName: name, DisplayName: 'Alerta UTEC, operaciones' },
});

const alarm = (what, runbooks, condition) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmDescription: what
      .map((text, language) => `${text}: ${GUIDES[language]}, "${runbooks[language]}"`)
      .join(' / '),
    EvaluationPeriods: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    AlarmActions: TO_OPERATORS,
    OKActions: TO_OPERATORS,
    ...condition,
  },
});

const dimensionsOf = (one) =>
  Object.entries(one.dimensions).map(([Name, Value]) => ({ Name, Value }));

// Over a threshold.
const over = (Threshold, one) => ({
  Namespace: one.namespace,
  MetricName: one.name,
  Dimensions: dimensionsOf(one),
  ...(one.stat.startsWith('p') ? { ExtendedStatistic: one.stat } : { Statistic: one.stat }),
  Period: one.period,
  Threshold,
});

// Over a threshold with a calculation over several metrics, by their ids.
const calculated = (Threshold, expressions, byId) => ({
  Metrics: [
    ...Object.entries(byId).map(([Id, one]) => ({
      Id,
      ReturnData: false,
      MetricStat: {
        Metric: { Namespace: one.namespace, MetricName: one.name, Dimensions: dimensionsOf(one) },
        Stat: one.stat,
        Period: one.period,
      },
    })),
    ...Object.entries(expressions).map(([Id, Expression], number, all) => ({
      Id,
      Expression,
      Label: Id,
      ReturnData: number === all.length - 1,
    })),
  ],
  Threshold,
});

const ofFunctions = (names, ...asked) =>
  Object.fromEntries(names.map((fn) => [fn, metrics.ofFunction(fn, ...asked)]));

// The id of a queue's metric: it begins with a small letter.
const idOf = (queue) => queue[0].toLowerCase() + queue.slice(1);

const ofQueues = (names, ...asked) =>
  Object.fromEntries(names.map((queue) => [idOf(queue), metrics.ofQueue(queue, ...asked)]));

const alarms = (ours) => ({
  UndeliveredAlarm: alarm(
    ['Algo no se pudo difundir, enviar por correo ni encargar a webhooks', 'Something could not be delivered'],
    ['Alarma: sin entregar', 'Alarm: undelivered'],
    calculated(
      0,
      { messages: 'SUM(METRICS())' },
      ofQueues(DEAD_LETTERS, 'ApproximateNumberOfMessagesVisible')
    )
  ),
  DeliveryLagAlarm: alarm(
    ['La entrega va más de 30 s atrasada', 'Delivery lags behind by more than 30 s'],
    ['Alarma: entrega atrasada', 'Alarm: delivery lag'],
    calculated(
      30_000,
      // A queue's age is in seconds.
      { lag: `MAX([${[...STREAM_READERS, ...RELAYED.map((one) => `1000 * ${idOf(one)}`)]}])` },
      {
        ...ofFunctions(STREAM_READERS, 'IteratorAge', 'Maximum', MINUTE),
        ...ofQueues(RELAYED, 'ApproximateAgeOfOldestMessage', MINUTE),
      }
    )
  ),
  FunctionErrorsAlarm: alarm(
    ['Una función que recibe o entrega reportes falló', 'A function that takes or delivers reports failed'],
    ['Alarma: errores de funciones', 'Alarm: function errors'],
    calculated(0, { errors: 'SUM(METRICS())' }, ofFunctions(DELIVERING, 'Errors', 'Sum'))
  ),
  ThrottlesAlarm: alarm(
    ['La cuenta llegó a su límite de funciones simultáneas', 'The account has reached its limit of concurrent functions'],
    ['Alarma: cuenta limitada', 'Alarm: throttled account'],
    over(0, metrics.ofAllFunctions('Throttles', 'Sum'))
  ),
  FanOutAgeAlarm: alarm(
    ['Una difusión a muchos espera más de 60 s', 'A broadcast to many waits for more than 60 s'],
    ['Alarma: difusión en espera', 'Alarm: fan-out waits'],
    over(60, metrics.ofQueue('FanOut', 'ApproximateAgeOfOldestMessage'))
  ),
  ServerErrorsAlarm: alarm(
    ['El servicio rechazó solicitudes por un error suyo', 'The service refused requests because of an error of its own'],
    ['Alarma: errores del servicio', 'Alarm: server errors'],
    calculated(
      0,
      { errors: 'SUM(METRICS())' },
      {
        http: metrics.ofApi('HttpApi', '5xx'),
        sockets: metrics.ofApi('WebsocketsApi', 'ExecutionError'),
        unavailable: ours('unavailable', 'Sum'),
      }
    )
  ),
  UnreachedAlarm: alarm(
    ['Más del 1 % de los clientes no recibió un cambio', 'More than 1 % of the clients did not get a change'],
    ['Alarma: clientes sin alcanzar', 'Alarm: unreached clients'],
    calculated(
      1,
      {
        missed: 'FILL(throttled, 0) + FILL(failed, 0)',
        // One frozen client of a small campus is no reason to wake someone.
        percent: 'IF(missed >= 5, 100 * missed / attempted, 0)',
      },
      Object.fromEntries(
        ['attempted', 'throttled', 'failed'].map((name) => [name, ours(name, 'Sum', { channel: 'broadcast' })])
      )
    )
  ),
  TimeToAllAlarm: alarm(
    ['Un cambio o un latido tarda más de 5 s en llegar a todos', 'A change or a heartbeat takes more than 5 s to reach everyone'],
    ['Alarma: difusión lenta', 'Alarm: slow broadcast'],
    calculated(
      5000,
      { slowest: 'MAX([broadcast, heartbeat])' },
      // A heartbeat goes the way of a change, all day.
      Object.fromEntries(['broadcast', 'heartbeat'].map((channel) => [channel, ours('ms', 'p99', { channel })]))
    )
  ),
  RecursionAlarm: alarm(
    ['Lambda detuvo una función que se llama a sí misma', 'Lambda stopped a function that calls itself'],
    ['Alarma: recursión detenida', 'Alarm: recursion stopped'],
    calculated(
      0,
      { dropped: 'SUM(METRICS())' },
      ofFunctions(REPEATING, 'RecursiveInvocationsDropped', 'Sum')
    )
  ),
  SubscriptionsAlarm: alarm(
    ['Alguien que debe recibir avisos no está suscrito', 'Someone who should get messages is not subscribed'],
    ['Alarma: suscripciones', 'Alarm: subscriptions'],
    calculated(
      0,
      {
        // Someone has unsubscribed since the hour before.
        lost: 'IF(DIFF(confirmed) < 0, -1 * DIFF(confirmed), 0)',
        absent: 'SUM([pending, missing, lost])',
      },
      Object.fromEntries(
        ['confirmed', 'pending', 'missing'].map((state) => [
          state,
          { ...ours(`${state}_subscriptions`, 'Maximum'), period: HOUR },
        ])
      )
    )
  ),
  NoBeatAlarm: alarm(
    ['Hace 20 min que no sale ningún latido', 'No heartbeat has left for 20 min'],
    ['Alarma: sin latido', 'Alarm: no heartbeat'],
    {
      ...over(1, ours('beats', 'Sum')),
      EvaluationPeriods: 4,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    }
  ),
});

async function resources({ resolveVariable }) {
  const ours = metrics.ours(await resolveVariable('sls:stage'));
  const topic = operators(await resolveVariable('self:custom.operatorsTopicName'));
  return { Resources: { Operators: topic, ...alarms(ours) } };
}

const alarmNames = Object.keys(alarms(metrics.ours('')));

module.exports = { alarmNames, resources };
