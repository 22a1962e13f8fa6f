// Refuses every other `sls` than osls 4, with the way to it.
//
// serverless.yml states no `frameworkVersion`: Serverless Framework 3 answers it with a sentence that
// does not help, and version 4 of Serverless, Inc. satisfies it and fails late in the deployment.
'use strict';

const path = require('node:path');

const WANTED = 'osls';
const MAJOR = '4';

// The problem with the framework that loads the plugin, or undefined.
function frameworkProblem({ config, version }) {
  const name = packageName(config.serverlessPath);
  if (name === WANTED && String(version).split('.')[0] === MAJOR) return undefined;
  const found = [name, version].filter(Boolean).join(' ');
  return (
    `Este "sls" es ${found}; el servicio se despliega con ${WANTED} ${MAJOR}: npm install --global ${WANTED}@${MAJOR} ` +
    `(o, sin instalar nada, npx ${WANTED}@${MAJOR} deploy). / ` +
    `This "sls" is ${found}; the service is deployed with ${WANTED} ${MAJOR}: npm install --global ${WANTED}@${MAJOR} ` +
    `(or, without installing, npx ${WANTED}@${MAJOR} deploy).`
  );
}

function packageName(serverlessPath) {
  try {
    return require(path.join(serverlessPath, '..', 'package.json')).name;
  } catch {
    return 'serverless'; // version 4 of Serverless, Inc. is one file without its package
  }
}

module.exports = { frameworkProblem };
