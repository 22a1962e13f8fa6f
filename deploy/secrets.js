// Secrets among the parameters: their values go to AWS Secrets Manager, and a reference to them into
// the template. So neither the template nor any file of `.serverless`, which the framework uploads,
// has a secret's value, and `sls package` needs no account.
//
// A reference names the version of the value by a digest of it: another value is another template,
// so a deployment takes effect and `sls rollback` goes back to the earlier value. The digest is slow
// to compute (scrypt), since everyone who may read the template may guess against it.
//
// A new secret takes a row in SECRETS, one in deploy/parameters.js, a variable in serverless.yml
// with its reference, and `secretsmanager:GetSecretValue` in the roles of the functions that read it.
'use strict';

const { scryptSync } = require('node:crypto');
const { call } = require('./sdk');

// The parameters, each with the functions' variable for its reference.
const SECRETS = { authSecret: 'AUTH_SECRET_ID' };
const VERSION_BYTES = 16;
const RECOVERY_DAYS = 7; // the shortest that AWS offers

const LOST = (name) =>
  `El paquete usa un valor de ${name} que no está en Secrets Manager; désele otra vez: --param="${name}=…" / ` +
  `The package uses a value of ${name} that is not in Secrets Manager; give it again: --param="${name}=…"`;

// `{ authSecret: reference, … }` for serverless.yml to refer to; "" for one that is not given.
async function references({ resolveVariable }) {
  const stage = await resolveVariable('sls:stage');
  const service = await resolveVariable('self:service');
  const found = {};
  for (const name of Object.keys(SECRETS)) {
    const value = await resolveVariable(`param:${name}`);
    const id = `${service}/${stage}/${name}`;
    found[name] = value ? `${id}:${versionOf(id, value)}` : '';
  }
  return found;
}

function versionOf(id, value) {
  return scryptSync(String(value), id, VERSION_BYTES).toString('hex');
}

// Stores the values that the template refers to, before the functions that read them are updated.
async function storeSecrets(plugin) {
  for (const [name, id, version] of referred(plugin.template)) {
    const value = plugin.given(name);
    if (value && versionOf(id, value) === version) {
      await store(plugin, id, version, value);
    } else if (!(await versions(plugin, id)).includes(version)) {
      throw plugin.fail(LOST(name), 'ALERTA_SECRET');
    }
  }
}

// Each secret of a template once: `[parameter, id, version]`.
function referred({ Resources }) {
  const found = new Map();
  for (const { Properties } of Object.values(Resources)) {
    const variables = Properties?.Environment?.Variables || {};
    for (const [name, variable] of Object.entries(SECRETS)) {
      if (variables[variable]) found.set(name, [name, ...variables[variable].split(':')]);
    }
  }
  return [...found.values()];
}

async function store(plugin, SecretId, ClientRequestToken, SecretString) {
  const put = () => secrets(plugin, 'PutSecretValue', { SecretId, ClientRequestToken, SecretString });
  try {
    await put();
  } catch (error) {
    if (error.name === 'ResourceNotFoundException') {
      await secrets(plugin, 'CreateSecret', { Name: SecretId });
    } else if (error.name === 'InvalidRequestException') {
      await secrets(plugin, 'RestoreSecret', { SecretId }); // `sls remove` scheduled its deletion
    } else {
      throw error;
    }
    await put();
  }
}

async function versions(plugin, SecretId) {
  try {
    const input = { SecretId, IncludeDeprecated: true };
    const { Versions } = await secrets(plugin, 'ListSecretVersionIds', input);
    return Versions.map((version) => version.VersionId);
  } catch (error) {
    if (error.name === 'ResourceNotFoundException') return [];
    throw error;
  }
}

// With the stack. AWS keeps them for some days, during which a deployment restores them.
async function removeSecrets(plugin) {
  const { service } = plugin.serverless.service;
  for (const name of Object.keys(SECRETS)) {
    const SecretId = `${service}/${plugin.provider.getStage()}/${name}`;
    const input = { SecretId, RecoveryWindowInDays: RECOVERY_DAYS };
    await secrets(plugin, 'DeleteSecret', input).catch((error) => {
      // There is none, or it is being deleted already.
      const gone = ['ResourceNotFoundException', 'InvalidRequestException'];
      if (!gone.includes(error.name)) throw error;
    });
  }
}

function secrets(plugin, operation, input) {
  return call(plugin, 'secretsmanager', `secretsmanager.${operation}`, input);
}

module.exports = { SECRETS, references, removeSecrets, storeSecrets };
