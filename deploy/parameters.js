// The parameters of a deployment (--param="NAME=VALUE"): what each accepts, and which of them need
// or exclude each other. deploy/plugin.js refuses the problems before anything is created.
//
// A new parameter takes a row here, its default and its line in serverless.yml, and a row in the
// tables of docs/operations.md and docs/operations.es.md.
'use strict';

const { SECRETS } = require('./secrets');

const SECRET_MIN_BYTES = 32; // as alerta_utec/adapters/jwt_tokens.py has it
// SNS has the last word on an address.
const EMAIL = /^[^\s@,;<>]{1,64}@[0-9A-Za-z.-]{1,255}$/;
// An issuer in a test may be on this machine.
const ISSUER_KEYS = /^(https:\/\/[^/\s]|http:\/\/(127\.0\.0\.1|localhost)[:/])\S*$/;
// As a browser writes it in `Origin` (RFC 6454): in lower case, without a path.
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/\s,?#@A-Z]+$/;
// As alerta_utec/domain/roles.py reads them.
const ROLE_MAP = /^[^=,]+=(estudiante|personal|autoridad)(,[^=,]+=(estudiante|personal|autoridad))*$/;
const REQUIRED = /^[^=,]+=[^=,]+(,[^=,]+=[^=,]+)*$/;
const ENDPOINT = /^https?:\/\/\S*[^/\s]$/;

const HOST = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
const CERTIFICATE = /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/;

const matches = (pattern, es, en) => ({ accepts: (value) => pattern.test(value), es, en });
const oneOf = (...values) => ({
  accepts: (value) => values.includes(value),
  es: values.join(' | '),
  en: values.join(' | '),
});
const whole = (least, most) => ({
  accepts: (value) => /^\d{1,5}$/.test(value) && value >= least && value <= most,
  es: `un número entero de ${least} a ${most}`,
  en: `a whole number from ${least} to ${most}`,
});
const address = () =>
  matches(
    ENDPOINT,
    'una dirección http(s) sin / al final',
    'an http(s) address without a / at its end'
  );
const anyText = () => matches(/^\S.*$/, 'un texto', 'a text');
const host = () =>
  matches(HOST, 'un nombre como alerta.example.edu', 'a name such as alerta.example.edu');
const optional = (rule) => ({ ...rule, accepts: (value) => value === '' || rule.accepts(value) });

const PARAMETERS = {
  email: optional(matches(EMAIL, 'una dirección de correo', 'an e-mail address')),
  operatorsEmail: optional(matches(EMAIL, 'una dirección de correo', 'an e-mail address')),
  rules: optional(anyText()), // deploy/rules.js reads the file
  routes: optional(anyText()), // the earlier name of rules
  mailLimit: whole(1, 3600),
  mailWindow: whole(0, 3600),
  timezone: {
    accepts: isTimezone,
    es: 'una zona horaria de IANA, como America/Lima',
    en: 'a time zone of IANA, such as America/Lima',
  },
  lang: oneOf('es', 'en'),
  panelUrl: optional(address()),
  dataPolicy: oneOf('RetainExceptOnCreate', 'Retain', 'Delete'),
  managementEndpoint: address(),
  packageTarget: oneOf('lambda', 'host'),
  auth: oneOf('off', 'jwt'),
  authJwksUrl: optional(matches(ISSUER_KEYS, 'una dirección https://…', 'an address https://…')),
  authSecret: optional({
    accepts: (value) => Buffer.byteLength(value) >= SECRET_MIN_BYTES,
    es: `${SECRET_MIN_BYTES} bytes o más`,
    en: `${SECRET_MIN_BYTES} bytes or more`,
  }),
  authIssuer: optional(anyText()),
  authAudience: optional(anyText()),
  authRoleClaim: anyText(),
  authRoleMap: optional(
    matches(ROLE_MAP, 'PALABRA=ROL con comas, como seguridad=personal', 'WORD=ROLE with commas, such as seguridad=personal')
  ),
  authRequire: optional(
    matches(REQUIRED, 'CAMPO=VALOR con comas, como hd=utec.edu.pe', 'CLAIM=VALUE with commas, such as hd=utec.edu.pe')
  ),
  authDefaultRole: oneOf('estudiante', 'none'),
  origins: {
    accepts: (value) => value === '*' || value.split(',').every((one) => ORIGIN.test(one)),
    es: '*, o direcciones como https://portal.example.edu, sin ruta y con comas entre ellas',
    en: '*, or addresses such as https://portal.example.edu, without a path and with commas between',
  },
  webhookAllowPrivate: oneOf('true', 'false', 'loopback'),
  domain: optional(host()),
  socketDomain: optional(host()),
  certificateArn: optional(
    matches(CERTIFICATE, 'arn:aws:acm:REGIÓN:CUENTA:certificate/…', 'arn:aws:acm:REGION:ACCOUNT:certificate/…')
  ),
  // Lambda takes 2 to 1000 for a queue.
  maximumConcurrency: whole(2, 1000),
  // With 2 workers that is 35 posts a second for each.
  requestQuota: whole(100, 99999),
  reservedConcurrency: whole(0, 10_000),
};

// What several parameters, the stage and the region have to satisfy together.
const RELATIONS = [
  // `make aws-proof` makes the stage proof, and removes it after some minutes.
  ({ auth, stage, dataPolicy }) =>
    auth === 'off' &&
    stage !== 'dev' &&
    !(stage === 'proof' && dataPolicy === 'Delete') && [
      `La etapa ${stage} necesita inicio de sesión: --param="auth=jwt" con authJwksUrl o authSecret`,
      `Stage ${stage} needs sign-in: --param="auth=jwt" with authJwksUrl or authSecret`,
    ],
  ({ auth, authJwksUrl, authSecret }) =>
    auth === 'jwt' &&
    Boolean(authJwksUrl) === Boolean(authSecret) && [
      'auth=jwt necesita authJwksUrl o authSecret, y no los dos',
      'auth=jwt needs authJwksUrl or authSecret, and not both',
    ],
  ({ auth, authJwksUrl, authSecret }) =>
    auth === 'off' &&
    (authJwksUrl || authSecret) && [
      'authJwksUrl y authSecret no hacen nada sin auth=jwt',
      'authJwksUrl and authSecret do nothing without auth=jwt',
    ],
  ({ webhookAllowPrivate, packageTarget }) =>
    webhookAllowPrivate === 'loopback' &&
    packageTarget !== 'host' && [
      'webhookAllowPrivate=loopback es para emuladores, con packageTarget=host',
      'webhookAllowPrivate=loopback is for emulators, with packageTarget=host',
    ],
  ({ domain, certificateArn }) =>
    Boolean(domain) !== Boolean(certificateArn) && [
      'domain y certificateArn van juntos',
      'domain and certificateArn go together',
    ],
  ({ domain, socketDomain }) =>
    socketDomain &&
    (!domain || socketDomain === domain) && [
      'socketDomain es otro nombre, además de domain: una API WebSocket no puede compartirlo',
      'socketDomain is another name besides domain: a WebSocket API cannot share one',
    ],
  ({ certificateArn, region }) =>
    CERTIFICATE.test(certificateArn) &&
    certificateArn.split(':')[3] !== region && [
      `el certificado de certificateArn debe estar en la región del despliegue, ${region}`,
      `the certificate of certificateArn has to be in the region of the deployment, ${region}`,
    ],
];

// `{ problems, … }` of this deployment, for serverless.yml to refer to.
async function parameters({ options, resolveConfigurationProperty, resolveVariable }) {
  const values = {};
  for (const name of Object.keys(PARAMETERS)) {
    values[name] = String((await resolveVariable(`param:${name}`)) ?? '');
  }
  values.stage = await resolveVariable('sls:stage');
  values.region = await resolveConfigurationProperty(['provider', 'region']);
  const problems = [...unknown(options.param || []), ...refused(values), ...contradictions(values)];
  const number = (name, otherwise) =>
    PARAMETERS[name].accepts(values[name]) ? Number(values[name]) : otherwise;
  return {
    problems,
    // Where serverless.yml needs a number.
    maximumConcurrency: number('maximumConcurrency', 2),
    reservedConcurrency: number('reservedConcurrency', 0),
  };
}

// Misspelt names, which the framework would ignore.
function unknown(given) {
  return given
    .map((one) => one.split('=')[0])
    .filter((name) => !(name in PARAMETERS))
    .map((name) => `${name}: no es un parámetro del servicio / is no parameter of the service`);
}

function refused(values) {
  return Object.entries(PARAMETERS)
    .filter(([name, { accepts }]) => !accepts(values[name]))
    .map(([name, { es, en }]) => {
      const shown = name in SECRETS ? '' : `="${values[name]}"`;
      return `${name}${shown}: ${es} / ${en}`;
    });
}

function contradictions(values) {
  return RELATIONS.map((relation) => relation(values))
    .filter(Boolean)
    .map(([es, en]) => `${es} / ${en}`);
}

// Python, which reads it, tells upper from lower case, and takes no offsets; Intl does not.
function isTimezone(value) {
  if (!/^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(value)) return false;
  let canonical;
  try {
    canonical = new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    return false;
  }
  // An alias has a canonical name of its own, such as America/New_York for US/Eastern.
  return canonical === value || canonical.toLowerCase() !== value.toLowerCase();
}

module.exports = { PARAMETERS, parameters };
