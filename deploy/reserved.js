// Lambdas that are kept for the functions by which people connect and report, if the operator asks
// for them: broadcasts and panels of the same account cannot take those.
'use strict';

const FUNCTIONS = ['ConnectLambdaFunction', 'NotifyLambdaFunction'];

async function resources({ resolveVariable }) {
  const asked = Number(await resolveVariable('param:reservedConcurrency'));
  const extended = asked > 0 ? FUNCTIONS : [];
  const Properties = { ReservedConcurrentExecutions: asked };
  return {
    Resources: {},
    extensions: Object.fromEntries(extended.map((name) => [name, { Properties }])),
  };
}

module.exports = { resources };
