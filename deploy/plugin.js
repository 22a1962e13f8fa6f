// The service's own steps in `sls package` and `sls deploy`: the checks, the zip, API Gateway's log
// role and the e-mail subscription. Without dependencies: it uses only Node and the framework.
'use strict';

const { execFile } = require('node:child_process');
const { mkdir, writeFile } = require('node:fs/promises');
const path = require('node:path');
const { promisify } = require('node:util');
const { checkAccount } = require('./account');
const { letApiGatewayLog } = require('./api_logs');
const { frameworkProblem } = require('./framework');
const { waitForReaders } = require('./probe');
const { protectTables } = require('./protection');
const { findPython } = require('./python');
const { stackOutputs } = require('./sdk');
const { removeSecrets, storeSecrets } = require('./secrets');
const { subscribe } = require('./subscribe');

const run = promisify(execFile);
const ZIP = 'alerta-utec-realtime.zip';
const WITH_PIP = "sys.version_info >= (3, 9) and __import__('pip')";
const REFUSED =
  'Hay parámetros que no sirven; no se creó ni cambió nada. / Some parameters are no good; nothing was created or changed.';
const OPEN =
  'Sin inicio de sesión (auth=off): quien conozca la dirección avisa y lee. / ' +
  'Without sign-in (auth=off): everyone who knows the address can report and read.';

const NO_PIP = [
  'Falta Python 3 con pip, que trae las bibliotecas de las Lambdas. Instálelo',
  '(Debian y Ubuntu: apt-get install python3-pip; macOS: brew install python; Windows: python.org)',
  'o indique uno: ALERTA_PYTHON=/ruta/a/python3 sls deploy',
  '',
  "Python 3 with pip is missing; it brings the Lambdas' libraries. Install it",
  '(Debian and Ubuntu: apt-get install python3-pip; macOS: brew install python; Windows: python.org)',
  'or name one: ALERTA_PYTHON=/path/to/python3 sls deploy',
].join('\n');

const PIP_FAILED = [
  'pip no pudo traer las bibliotecas de requirements.txt; su mensaje está abajo. Suele ser la red',
  'o un proxy; repita el comando.',
  'pip could not bring the libraries of requirements.txt; its message is below. It is usually the',
  'network or a proxy; repeat the command.',
].join('\n');

const NOT_COMPILED =
  'Sin python3.13 en el PATH, los módulos van sin compilar: cada arranque en frío tarda unos 0,2 s más. /\n' +
  'Without python3.13 on the PATH the modules are not compiled: each cold start takes some 0.2 s longer.';

class AlertaPlugin {
  constructor(serverless, options, { log, progress } = {}) {
    this.serverless = serverless;
    this.options = options;
    const problem = frameworkProblem(serverless);
    if (problem) throw this.fail(problem, 'ALERTA_FRAMEWORK');
    this.log = log;
    this.progress = progress;
    this.provider = serverless.getProvider('aws');
    this.hooks = {
      'before:package:initialize': () => this.check(),
      'before:package:createDeploymentArtifacts': () => this.package(),
      'before:deploy:function:initialize': () => this.refuseOne(),
      'before:aws:deploy:deploy:createStack': () => checkAccount(this),
      'before:aws:deploy:deploy:updateStack': () => this.prepare(),
      'after:deploy:deploy': () => this.finish(),
      'after:remove:remove': () => removeSecrets(this),
    };
  }

  get settings() {
    return this.serverless.service.custom;
  }

  get template() {
    return this.serverless.service.provider.compiledCloudFormationTemplate;
  }

  // The value of a parameter, if it was given.
  given(name) {
    const { params = {} } = this.serverless.configurationInput;
    const asked = (this.options.param || []).find((one) => one.startsWith(`${name}=`));
    if (asked) return asked.slice(name.length + 1).trimEnd();
    return params[this.provider.getStage()]?.[name] || params.default?.[name];
  }

  fail(message, code) {
    return new this.serverless.classes.Error(message, code);
  }

  // The framework would deploy the code, and then fail over a role without a fixed name.
  refuseOne() {
    throw this.fail(
      'Use "sls deploy": todas las Lambdas comparten un paquete. / Use "sls deploy": all Lambdas share one zip.',
      'ALERTA_DEPLOY_ALL'
    );
  }

  // Every problem at once, before anything is created.
  check() {
    const { parameters, rules } = this.settings;
    const problems = [...parameters.problems];
    if (rules.problems.length) {
      problems.push(`rules="${rules.file}": no sirve / is no good:`);
      problems.push(...rules.problems.map((problem) => `  ${problem}`));
    }
    if (problems.length) {
      throw this.fail([REFUSED, ...problems].join('\n  '), 'ALERTA_PARAMETERS');
    }
    if (this.settings.auth === 'off') this.log.warning(OPEN);
    const { cors } = this.serverless.service.provider.httpApi;
    cors.allowedOrigins = cors.allowedOrigins.flatMap((origins) => origins.split(','));
  }

  // What the stack cannot be created or updated without.
  async prepare() {
    await storeSecrets(this);
    await letApiGatewayLog(this);
  }

  // What follows once the stack is there.
  async finish() {
    await this.subscribe();
    const outputs = await stackOutputs(this);
    await protectTables(this, outputs);
    if (this.serverless.service.provider.shouldNotDeploy) return;
    await waitForReaders(this, outputs.ChangesTable);
  }

  async package() {
    const python = await this.python();
    const progress = this.progress.get('alerta-package');
    progress.notice('Empaquetando las bibliotecas de Python');
    const script = path.join(__dirname, 'package.py');
    const artifact = path.join(this.serverless.serviceDir, '.serverless', ZIP);
    try {
      const asked = [script, artifact, '--target', this.settings.packageTarget];
      asked.push(...(await this.packedRules(path.dirname(artifact))));
      const { stdout } = await run(python, asked);
      const made = JSON.parse(stdout.trim().split('\n').pop());
      this.serverless.service.package.artifact = artifact;
      const size = (made.bytes / 1e6).toFixed(1);
      const unpacked = (made.unpackedBytes / 1e6).toFixed(1);
      this.log.notice(`Paquete: ${size} MB (${unpacked} MB desempaquetado)`);
      if (!made.compiled) this.log.notice(NOT_COMPILED);
    } catch (error) {
      throw this.fail(`${PIP_FAILED}\n\n${(error.stderr || error.message).trim()}`, 'ALERTA_PIP');
    } finally {
      progress.remove();
    }
  }

  // The options of deploy/package.py for the rules, which the function `alarm` reads from the zip.
  async packedRules(folder) {
    const { packed, rules } = this.settings.rules;
    if (!packed) return [];
    const file = path.join(folder, packed);
    await mkdir(folder, { recursive: true });
    await writeFile(file, JSON.stringify(rules));
    return ['--add', file];
  }

  async python() {
    const python = await findPython(this.serverless.serviceDir, WITH_PIP);
    if (!python) throw this.fail(NO_PIP, 'ALERTA_NO_PIP');
    return python;
  }

  async subscribe() {
    const { email, topicName, operatorsEmail, operatorsTopicName } = this.settings;
    await this.subscribeTo(topicName, email, 'alarmas');
    await this.subscribeTo(operatorsTopicName, operatorsEmail, 'operaciones');
  }

  async subscribeTo(topicName, email, section) {
    if (!email) return;
    await subscribe(this, topicName, email);
    this.serverless.addServiceOutputSection(
      section,
      `${email} suscrito: abra el enlace del correo "AWS Notification - Subscription Confirmation"`
    );
  }
}

module.exports = AlertaPlugin;
