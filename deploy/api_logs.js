// Lets API Gateway write logs: it refuses a WebSocket stage with logs in an account that has never
// named a role for them. The account has one such role per region, which outlives every stack: an
// existing one is left alone, and a new one stays when this service is removed.
'use strict';

const { pause } = require('./pace');
const { requireFrom } = require('./sdk');

const ROLE = 'serverlessApiGatewayCloudWatchRole'; // the framework's own name for it
const POLICY = 'service-role/AmazonAPIGatewayPushToCloudWatchLogs';
const NEW_ROLE_MS = 10_000; // until API Gateway knows a role that was just created
// UpdateAccount: one request every 20 s for each account, which cannot be raised (API Gateway's
// quotas for creating, deploying and managing an API). A refused request counts too.
const PAUSE_MS = 21_000;
const ATTEMPTS = 6;
// The role is not known yet; the quota is used up.
const PASSING = ['BadRequestException', 'TooManyRequestsException'];

const WAITING =
  'API Gateway aún no acepta el rol para sus logs; se repite en 21 s / ' +
  'API Gateway does not accept the role for its logs yet; trying again in 21 s';
const roleGone = (arn) =>
  `El rol de la cuenta para los logs de API Gateway ya no existe (${arn}); se crea uno nuevo. / ` +
  `The account's role for API Gateway's logs no longer exists (${arn}); creating a new one.`;

class ApiLogs {
  constructor({ serverless, provider, log, progress }) {
    Object.assign(this, { provider, log });
    this.progress = progress.get('alerta-api-logs');
    const framework = requireFrom(serverless.config.serverlessPath);
    this.gatewaySdk = framework('@aws-sdk/client-api-gateway');
    this.iamSdk = framework('@aws-sdk/client-iam');
  }

  async allow() {
    // Without the SDK's own retries, which would use up the quota within a second.
    const config = await this.provider.getAwsSdkV3Config({ maxAttempts: 1 });
    this.gateway = new this.gatewaySdk.APIGatewayClient(config);
    this.iam = new this.iamSdk.IAMClient(await this.provider.getAwsSdkV3Config());
    const { cloudwatchRoleArn } = await this.gateway.send(new this.gatewaySdk.GetAccountCommand({}));
    if (cloudwatchRoleArn && (await this.exists(cloudwatchRoleArn))) return;
    if (cloudwatchRoleArn) this.log.warning(roleGone(cloudwatchRoleArn));
    await this.nameRole(await this.createRole());
  }

  // A stage whose logs need a role that was deleted fails in the middle of the deployment.
  async exists(arn) {
    const RoleName = arn.split('/').pop();
    try {
      await this.iam.send(new this.iamSdk.GetRoleCommand({ RoleName }));
    } catch (error) {
      // Credentials that may not read roles deploy as before.
      return error.name !== 'NoSuchEntityException';
    }
    return true;
  }

  async createRole() {
    const { partition, accountId } = await this.provider.getAccountInfo();
    const created = await this.createRoleFor(accountId);
    const PolicyArn = `arn:${partition}:iam::aws:policy/${POLICY}`;
    await this.iam.send(new this.iamSdk.AttachRolePolicyCommand({ RoleName: ROLE, PolicyArn }));
    if (created) {
      this.progress.notice('Esperando a que API Gateway conozca el rol para sus logs');
      await pause(NEW_ROLE_MS);
    }
    return `arn:${partition}:iam::${accountId}:role/${ROLE}`;
  }

  async createRoleFor(accountId) {
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'apigateway.amazonaws.com' },
      Action: 'sts:AssumeRole',
      // IfExists: that API Gateway names the account when it assumes this role is not documented.
      Condition: { StringEqualsIfExists: { 'aws:SourceAccount': accountId } },
    };
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [statement],
    });
    try {
      const asked = { RoleName: ROLE, AssumeRolePolicyDocument };
      await this.iam.send(new this.iamSdk.CreateRoleCommand(asked));
    } catch (error) {
      if (error.name !== 'EntityAlreadyExistsException') throw error;
      return false;
    }
    return true;
  }

  async nameRole(value) {
    const patchOperations = [{ op: 'replace', path: '/cloudwatchRoleArn', value }];
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.gateway.send(new this.gatewaySdk.UpdateAccountCommand({ patchOperations }));
        this.progress.remove();
        return;
      } catch (error) {
        if (attempt === ATTEMPTS || !PASSING.includes(error.name)) throw error;
        this.log.notice(WAITING);
        await pause(PAUSE_MS);
      }
    }
  }
}

const letApiGatewayLog = (plugin) => new ApiLogs(plugin).allow();

module.exports = { letApiGatewayLog };
