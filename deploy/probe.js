// Waits after a deployment until each reader of the stream of changes reads it.
//
// Lambda takes up to some minutes to poll a stream after an event source was created, and up to 90 s
// after it was changed (Lambda developer guide, "Using Lambda with DynamoDB"). No change is lost
// meanwhile, but no report comes back. A probe is an item in a feed of its own, which no client sees:
// the reader that it names deletes it (alerta_utec/handlers/probe.py).
'use strict';

const { pause } = require('./pace');
const { dynamodb } = require('./protection');

const READERS = ['broadcast', 'relay'];
const PAUSE_MS = 2_000;
const LOOKS = 300; // in 10 minutes
const LOOKS_TOLD = 15; // every 30 s

const WAITING =
  'Esperando a que Lambda lea el stream de cambios; tras crear o cambiar una fuente de eventos tarda unos minutos / ' +
  'Waiting until Lambda reads the stream of changes; after an event source was created or changed it takes some minutes';
const SILENT = (readers) =>
  `El despliegue terminó, pero en 10 minutos Lambda no leyó el stream de cambios (${readers}). Lo que se reporta queda guardado y saldrá cuando lo lea; vea "Después de desplegar" en docs/operations.es.md. / ` +
  `The deployment is done, but Lambda has not read the stream of changes in 10 minutes (${readers}). Reports are stored and will leave once it does; see "After a deployment" in docs/operations.md.`;

async function waitForReaders(plugin, TableName) {
  const progress = plugin.progress.get('alerta-probe');
  progress.notice(WAITING);
  const began = Date.now();
  const probes = READERS.map((reader) => ({ feed: `probe#${reader}`, seq: began }));
  for (const probe of probes) await dynamodb(plugin, 'PutItem', { TableName, Item: item(probe) });
  let waiting = probes;
  for (let look = 1; waiting.length && look <= LOOKS; look += 1) {
    await pause(PAUSE_MS);
    waiting = await present(plugin, TableName, waiting);
    if (waiting.length && look % LOOKS_TOLD === 0) {
      plugin.log.notice(`${WAITING} (${seconds(began)} s)`);
    }
  }
  for (const probe of waiting) await dynamodb(plugin, 'DeleteItem', { TableName, Key: item(probe) });
  progress.remove();
  if (waiting.length) {
    plugin.log.warning(SILENT(waiting.map(({ feed }) => feed.split('#')[1]).join(', ')));
  } else {
    plugin.log.notice(
      `Los cambios se difunden: la prueba volvió en ${seconds(began)} s / Changes are broadcast: the probe came back in ${seconds(began)} s`
    );
  }
}

// Those of the probes that are still there.
async function present(plugin, TableName, probes) {
  const found = [];
  for (const probe of probes) {
    const input = { TableName, Key: item(probe), ConsistentRead: true };
    if ((await dynamodb(plugin, 'GetItem', input)).Item) found.push(probe);
  }
  return found;
}

const item = ({ feed, seq }) => ({ feed: { S: feed }, seq: { N: String(seq) } });

const seconds = (began) => Math.round((Date.now() - began) / 1000);

module.exports = { waitForReaders };
