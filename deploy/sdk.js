// The parts of the AWS SDK that ship with the framework, and signed requests to the services that
// it has no client for.
'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

// The name of a service in AWS_ENDPOINT_URL_…, where it differs from the one in its address.
const ENDPOINT_NAMES = { secretsmanager: 'SECRETS_MANAGER' };
const JSON_TYPE = 'application/x-amz-json-1.1';

// A `require` that resolves the framework's own dependencies.
const requireFrom = (frameworkPath) => createRequire(path.resolve(frameworkPath, 'any.js'));

// The outputs of the deployed stack: `{ NAME: value }`.
async function stackOutputs({ serverless, provider }) {
  const framework = requireFrom(serverless.config.serverlessPath);
  const { DescribeStacksCommand } = framework('@aws-sdk/client-cloudformation');
  const client = await provider.getCloudFormationClient();
  const StackName = provider.naming.getStackName();
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries(Stacks[0].Outputs.map((one) => [one.OutputKey, one.OutputValue]));
}

// The answer to a signed POST: `{ status, body }`.
async function post({ serverless, provider }, service, headers, body) {
  const { partition } = await provider.getAccountInfo();
  const url = endpoint(service, provider.getRegion(), partition);
  const config = await provider.getAwsSdkV3Config();
  const framework = requireFrom(serverless.config.serverlessPath);
  const request = await signed(framework, config, service, url, headers, body);
  const { response } = await config.requestHandler.handle(request);
  const chunks = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}

// The answer of an operation in AWS's JSON protocol; `operation` is "Target.Operation". An error has
// AWS's code as its name.
async function call(plugin, service, operation, input) {
  const headers = { 'content-type': JSON_TYPE, 'x-amz-target': operation };
  const { status, body } = await post(plugin, service, headers, JSON.stringify(input));
  const answer = body ? JSON.parse(body) : {};
  if (status === 200) return answer;
  const error = new Error(`${operation}: ${answer.message || answer.Message || `HTTP ${status}`}`);
  error.name = String(answer.__type || status).split('#').pop();
  throw error;
}

function endpoint(service, region, partition) {
  const variable = `AWS_ENDPOINT_URL_${ENDPOINT_NAMES[service] || service.toUpperCase()}`;
  const given = process.env[variable] || process.env.AWS_ENDPOINT_URL;
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(given || `https://${service}.${region}.${domain}`);
}

// A POST that is signed for `service` (SigV4).
async function signed(framework, config, service, url, headers, body) {
  const signer = await signerOf(framework, config, service);
  return signer.sign({
    protocol: url.protocol,
    hostname: url.hostname,
    port: url.port ? Number(url.port) : undefined,
    method: 'POST',
    path: '/',
    query: {},
    headers: { ...headers, host: url.host },
    body,
  });
}

// Every client of the SDK resolves a signer from its configuration; this one's signs for `service`.
async function signerOf(framework, config, service) {
  const { STSClient } = framework('@aws-sdk/client-sts');
  const client = new STSClient(config);
  return client.config.signer({
    signingName: service,
    signingRegion: await client.config.region(),
  });
}

module.exports = { call, post, requireFrom, signed, stackOutputs };
