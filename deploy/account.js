// Looks at the account before anything is created: how many Lambdas it runs at once.
//
// A new account has 10, in which broadcasts, e-mails and webhooks could take every one from the
// people who report. A deployment says so, with the way to more, and refuses settings that cannot work.
'use strict';

const { requireFrom } = require('./sdk');

// Below this, the account has not got AWS's usual 1,000 yet.
const USUAL = 100;
// What AWS keeps free of reservations (Lambda developer guide, "Configuring reserved concurrency").
const UNRESERVED = 100;
const QUOTA = 'L-B99A9384'; // "Concurrent executions" of Lambda
const LEAST = 2;

async function checkAccount(plugin) {
  const limit = await concurrency(plugin);
  const { maximumConcurrency, reservedConcurrency } = plugin.settings.parameters;
  const more = wayToMore(plugin.provider.getRegion());
  if (limit < USUAL && maximumConcurrency > LEAST) {
    throw plugin.fail(
      `La cuenta ejecuta ${limit} Lambdas a la vez, y maximumConcurrency=${maximumConcurrency} las ocuparía con difusiones: dé ${LEAST}, o pida más. / ` +
        `The account runs ${limit} Lambdas at once, and maximumConcurrency=${maximumConcurrency} would fill them with broadcasts: give ${LEAST}, or ask for more.\n${more}`,
      'ALERTA_CONCURRENCY'
    );
  }
  if (limit - 2 * reservedConcurrency < UNRESERVED && reservedConcurrency) {
    throw plugin.fail(
      `reservedConcurrency=${reservedConcurrency} reserva el doble, y de las ${limit} Lambdas de la cuenta deben quedar ${UNRESERVED} sin reserva. / ` +
        `reservedConcurrency=${reservedConcurrency} reserves twice as many, and of the account's ${limit} Lambdas ${UNRESERVED} have to stay unreserved.\n${more}`,
      'ALERTA_CONCURRENCY'
    );
  }
  if (limit < USUAL) {
    plugin.log.warning(
      `La cuenta ejecuta solo ${limit} Lambdas a la vez: con muchos clientes, algunos reportes esperarán o fallarán. Pida más. / ` +
        `The account runs only ${limit} Lambdas at once: with many clients some reports will wait or fail. Ask for more.\n${more}`
    );
  }
}

async function concurrency({ serverless, provider }) {
  const sdk = requireFrom(serverless.config.serverlessPath)('@aws-sdk/client-lambda');
  const lambda = new sdk.LambdaClient(await provider.getAwsSdkV3Config());
  const { AccountLimit } = await lambda.send(new sdk.GetAccountSettingsCommand({}));
  return AccountLimit.ConcurrentExecutions;
}

const wayToMore = (region) =>
  `  aws service-quotas request-service-quota-increase --region ${region} --service-code lambda --quota-code ${QUOTA} --desired-value 1000`;

module.exports = { checkAccount };
