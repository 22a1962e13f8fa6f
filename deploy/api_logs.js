// Lets API Gateway write logs: a WebSocket stage with logs is refused in an account that has never
// named a role for them. Such a role is one per account and region and outlives every stack, so it
// is left alone where there is one, and stays when this service goes.
'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

const ROLE = 'serverlessApiGatewayCloudWatchRole'; // the framework's own name for it
const POLICY = 'service-role/AmazonAPIGatewayPushToCloudWatchLogs';
const ATTEMPTS = 15;
const PAUSE_MS = 2000;

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

async function letApiGatewayLog({ serverless, provider }) {
  const framework = createRequire(path.join(serverless.config.serverlessPath, 'any.js'));
  const apiGateway = framework('@aws-sdk/client-api-gateway');
  const config = await provider.getAwsSdkV3Config();
  const gateway = new apiGateway.APIGatewayClient(config);
  const account = await gateway.send(new apiGateway.GetAccountCommand({}));
  if (account.cloudwatchRoleArn) return;
  const value = await role(framework('@aws-sdk/client-iam'), config, await provider.getAccountInfo());
  const patchOperations = [{ op: 'replace', path: '/cloudwatchRoleArn', value }];
  for (let attempt = 1; ; attempt += 1) {
    try {
      await gateway.send(new apiGateway.UpdateAccountCommand({ patchOperations }));
      return;
    } catch (error) {
      // A new role takes some seconds to be known to API Gateway.
      if (attempt === ATTEMPTS || error.name !== 'BadRequestException') throw error;
      await pause();
    }
  }
}

async function role(iamSdk, config, { partition, accountId }) {
  const iam = new iamSdk.IAMClient(config);
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'apigateway.amazonaws.com' },
    Action: 'sts:AssumeRole',
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  try {
    await iam.send(new iamSdk.CreateRoleCommand({ RoleName: ROLE, AssumeRolePolicyDocument }));
  } catch (error) {
    if (error.name !== 'EntityAlreadyExistsException') throw error;
  }
  const PolicyArn = `arn:${partition}:iam::aws:policy/${POLICY}`;
  await iam.send(new iamSdk.AttachRolePolicyCommand({ RoleName: ROLE, PolicyArn }));
  return `arn:${partition}:iam::${accountId}:role/${ROLE}`;
}

module.exports = { letApiGatewayLog };
