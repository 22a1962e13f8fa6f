// Reads the routing file for a deployment: the same rules, with the same limits, as
// alerta_utec/notifications/rules_file.py reads on one machine, from what the framework's own YAML
// parser makes of it. Pure: a document in, rules and problems out.
'use strict';

const KEYS = ['name', 'urgency', 'type', 'location', 'hours', 'days', 'drill', 'to'];
const RULES_MAX = 100;
const VALUES_MAX = 50;
const VALUE_MAX_CHARS = 120;
const ADDRESS_MAX_CHARS = 2000;
// SNS: filter policies of one topic, one for each subscription here.
const RECIPIENTS_MAX = 200;
const URGENCIES = { medium: 'medium', media: 'medium', medio: 'medium', high: 'high', alta: 'high', alto: 'high' };
const DAYS = ['lun mon', 'mar tue', 'mie wed', 'jue thu', 'vie fri', 'sab sat', 'dom sun'];
const WEEK = new Map(DAYS.flatMap((names, number) => names.split(' ').map((name) => [name, number])));
const HOURS = /^([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]|24):([0-5]\d)$/;
const EMAIL = /^[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}@[0-9A-Za-z.-]{1,255}$/;
const PHONE = /^\+[1-9][0-9]{6,14}$/;
const APPRISE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/\S+$/;
const ENV = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;

class Wrong extends Error {}

// `{ rules, problems }`: the rules in the form that alerta_utec/notifications/aws/rules.py reads,
// without any null, which CloudFormation would refuse; and one line for each thing that is wrong,
// in Spanish and English.
function read(document, environment) {
  const problems = [];
  if (!Array.isArray(document) || document.length === 0) {
    problems.push('debe ser una lista de reglas, y tener alguna / must be a list of rules, with one at least');
    return { rules: [], problems };
  }
  if (document.length > RULES_MAX) {
    problems.push(`admite ${RULES_MAX} reglas / takes ${RULES_MAX} rules`);
  }
  const names = new Set();
  const rules = document.map((written, index) => rule(written, index + 1, names, environment, problems));
  const count = new Set(rules.flatMap(({ to }) => to).map(destination)).size;
  if (count > RECIPIENTS_MAX) {
    problems.push(
      `un tema de SNS admite ${RECIPIENTS_MAX} destinatarios, y hay ${count} / ` +
        `an SNS topic takes ${RECIPIENTS_MAX} recipients, and there are ${count}`
    );
  }
  return { rules, problems };
}

function rule(written, number, names, environment, problems) {
  let called = `regla / rule ${number}`;
  const say = (key, text) => problems.push(`${called}: ${key ? `${key}: ` : ''}${text}`);
  if (written === null || typeof written !== 'object' || Array.isArray(written)) {
    say('', 'debe tener claves, como «name: Guardia» / must have keys, such as "name: Guard"');
    return { name: '', to: [] };
  }
  const one = (key, reader, value = written[key]) => {
    if (!(key in written)) return undefined;
    try {
      return reader(value);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      say(key, error.message);
      return undefined;
    }
  };
  const many = (key, reader) => {
    if (!(key in written)) return [];
    const values = Array.isArray(written[key]) ? written[key] : [written[key]];
    if (values.length < 1 || values.length > VALUES_MAX) {
      say(key, `admite de 1 a ${VALUES_MAX} valores / takes 1 to ${VALUES_MAX} values`);
      return [];
    }
    const read = values.map((value) => one(key, reader, value)).filter((value) => value !== undefined);
    return [...new Set(read)];
  };
  const name = one('name', line) || '';
  if (name) called = `«${name}»`;
  for (const key of Object.keys(written)) {
    if (!KEYS.includes(key)) say(key, `las claves son / the keys are ${KEYS.join(', ')}`);
  }
  for (const key of ['name', 'to']) {
    if (!(key in written)) say(key, 'falta / is missing');
  }
  if (name && names.has(name)) say('name', 'ya hay otra regla con ese nombre / there is another rule of that name');
  names.add(name);
  return {
    name,
    urgency: many('urgency', urgency),
    type: many('type', pattern),
    location: many('location', pattern),
    hours: one('hours', hours),
    days: many('days', day),
    drill: one('drill', drill),
    to: many('to', (value) => recipient(value, environment)),
  };
}

function text(value, maximum = VALUE_MAX_CHARS) {
  if (value instanceof Object) throw new Wrong('debe ser un texto / must be a text');
  if (typeof value !== 'string') {
    throw new Wrong(`${value}: debe ser un texto; escríbalo entre comillas / must be a text; put it in quotes`);
  }
  const trimmed = value.trim();
  if (!trimmed || [...value].length > maximum) {
    throw new Wrong(`debe tener de 1 a ${maximum} caracteres / must have 1 to ${maximum} characters`);
  }
  return trimmed;
}

function line(value) {
  const read = text(value);
  if (/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(read)) {
    throw new Wrong('debe ser una línea de texto / must be a line of text');
  }
  return read;
}

// Without accents, without regard to case: for the words that are known here.
const folded = (value) => value.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

function urgency(value) {
  const read = URGENCIES[folded(text(value))];
  if (!read) {
    throw new Wrong(
      'debe ser medium o high; una urgencia baja no da aviso / ' +
        'must be medium or high; a low one gives no notice'
    );
  }
  return read;
}

function pattern(value) {
  const read = text(value);
  if (read.startsWith('*')) throw new Wrong('el * va al final, detrás de un texto / the * goes last, behind a text');
  // As it is compared; there are stars that are folded to this one.
  if (read.replace(/\*$/, '').normalize('NFKD').includes('*')) {
    throw new Wrong('el * solo vale al final / the * counts at the end only');
  }
  return read;
}

function hours(value) {
  const match = HOURS.exec(text(value));
  if (!match) throw new Wrong('debe ser como «22:00-06:00» / must be like "22:00-06:00"');
  const [start, end] = [1, 3].map((at) => Number(match[at]) * 60 + Number(match[at + 1]));
  if (end > 1440 || end % 1440 === start) {
    throw new Wrong(
      'debe empezar y acabar a horas distintas, hasta las 24:00 / ' +
        'must begin and end at different times, up to 24:00'
    );
  }
  return { start, end: end || 1440 };
}

function day(value) {
  const read = WEEK.get(folded(text(value)));
  if (read === undefined) throw new Wrong(`un día es / a day is ${DAYS.join(', ')}`);
  return read;
}

function drill(value) {
  if (!['true', 'false'].includes(String(value))) throw new Wrong('debe ser / must be true, false');
  return String(value) === 'true';
}

function recipient(value, environment) {
  const written = text(value, ADDRESS_MAX_CHARS);
  const variable = ENV.exec(written);
  const address = variable ? environment[variable[1]] || '' : written;
  if (variable && !address) {
    throw new Wrong(`la variable ${variable[1]} no está puesta / the variable ${variable[1]} is not set`);
  }
  if (EMAIL.test(address) || PHONE.test(address)) return address;
  // It may hold a secret.
  if (APPRISE.test(address)) {
    const shown = variable ? written : `${address.split(':')[0].toLowerCase()}://…`;
    throw new Wrong(
      `${shown}: en AWS llegan correos y teléfonos; las URL de Apprise valen en una máquina / ` +
        'on AWS there are e-mail addresses and telephones; URLs of Apprise work on one machine'
    );
  }
  throw new Wrong(
    'un destinatario es un correo, un teléfono como +51999999999 o env:VARIABLE / ' +
      'a recipient is an e-mail address, a telephone such as +51999999999 or env:VARIABLE'
  );
}

// Equal for two that are one and the same recipient.
const destination = (address) => address.toLowerCase();

module.exports = { EMAIL, destination, read };
