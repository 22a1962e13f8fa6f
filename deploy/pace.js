// How a deployment waits for AWS. ALERTA_DEPLOY_PACE scales every wait: tests pass 0.1 or less.
'use strict';

const pace = Number(process.env.ALERTA_DEPLOY_PACE || 1);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms * pace));

module.exports = { pause };
