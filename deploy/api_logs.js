// Lets API Gateway write logs: it refuses a WebSocket stage with logs in an account that has never
// named a role for them. The account has one such role per region, which outlives every stack: an
// existing one is left alone, and a new one stays when this service is removed.
'use strict';

const { requireFrom } = require('./sdk');

const ROLE = 'serverlessApiGatewayCloudWatchRole'; // the framework's own name for it
const POLICY = 'service-role/AmazonAPIGatewayPushToCloudWatchLogs';
const ATTEMPTS = 15;
const PAUSE_MS = 2000;

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

async function letApiGatewayLog({ serverless, provider }) {
  const framework = requireFrom(serverless.config.serverlessPath);
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
      // It takes some seconds until API Gateway knows a new role.
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
