// Subscribes an e-mail address to the alarms, after a deployment.
//
// Not a resource of the stack: CloudFormation would end the subscription at the next deployment
// without the address, and would not send a second confirmation. SNS's Subscribe is idempotent: it
// keeps a confirmed subscription, and writes again to an address that has not confirmed. The
// framework has no client for SNS, so this sends the one request, signed by the SDK's own signer.
'use strict';

async function subscribe(provider, framework, topicName, email) {
  const { partition, accountId } = await provider.getAccountInfo();
  const config = await provider.getAwsSdkV3Config();
  const region = provider.getRegion();
  const topicArn = `arn:${partition}:sns:${region}:${accountId}:${topicName}`;
  const url = endpoint(region, partition);
  const request = await signed(framework, config, url, subscription(topicArn, email));
  const { response } = await config.requestHandler.handle(request);
  const chunks = [];
  for await (const chunk of response.body) chunks.push(chunk);
  if (response.statusCode === 200) return;
  const reason = /<Message>([^<]*)/.exec(Buffer.concat(chunks).toString());
  throw new Error(
    `No se pudo suscribir ${email} / could not subscribe ${email}: ` +
      `${reason ? reason[1] : `HTTP ${response.statusCode}`}`
  );
}

function subscription(topicArn, email) {
  return new URLSearchParams({
    Action: 'Subscribe',
    Version: '2010-03-31',
    TopicArn: topicArn,
    Protocol: 'email',
    Endpoint: email,
  }).toString();
}

function endpoint(region, partition) {
  const given = process.env.AWS_ENDPOINT_URL_SNS || process.env.AWS_ENDPOINT_URL;
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(given || `https://sns.${region}.${domain}`);
}

// Every client of the SDK resolves a signer from its configuration; this one's signs for SNS.
async function signed(framework, config, url, body) {
  const { STSClient } = framework('@aws-sdk/client-sts');
  const client = new STSClient(config);
  const signer = await client.config.signer({
    signingName: 'sns',
    signingRegion: await client.config.region(),
  });
  return signer.sign({
    protocol: url.protocol,
    hostname: url.hostname,
    port: url.port ? Number(url.port) : undefined,
    method: 'POST',
    path: '/',
    query: {},
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'host': url.host },
    body,
  });
}

module.exports = { signed, subscribe };
