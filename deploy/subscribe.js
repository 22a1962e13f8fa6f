// Subscribes an e-mail address to the alarms, after a deployment.
//
// Not a resource of the stack: CloudFormation would end the subscription at the next deployment
// that does not name the address, and would not send a confirmation a second time. SNS's Subscribe
// may be repeated: it keeps what is confirmed and writes again to who has not confirmed yet. The
// framework has no client for SNS, so the one request is signed here (AWS Signature Version 4).
'use strict';

const { createHash, createHmac } = require('node:crypto');

const hash = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

async function subscribe(provider, topicName, email) {
  const { partition, accountId } = await provider.getAccountInfo();
  const region = provider.getRegion();
  const body = new URLSearchParams({
    Action: 'Subscribe',
    Version: '2010-03-31',
    TopicArn: `arn:${partition}:sns:${region}:${accountId}:${topicName}`,
    Protocol: 'email',
    Endpoint: email,
  }).toString();
  const { credentials, requestHandler } = await provider.getAwsSdkV3Config();
  const url = endpoint(region, partition);
  const { response } = await requestHandler.handle({
    protocol: url.protocol,
    hostname: url.hostname,
    port: url.port ? Number(url.port) : undefined,
    method: 'POST',
    path: '/',
    query: {},
    headers: signed(url, body, region, await credentials()),
    body,
  });
  const chunks = [];
  for await (const chunk of response.body) chunks.push(chunk);
  if (response.statusCode === 200) return;
  const answer = Buffer.concat(chunks).toString();
  const reason = /<Message>([^<]*)/.exec(answer);
  throw new Error(
    `No se pudo suscribir ${email} / could not subscribe ${email}: ` +
      `${reason ? reason[1] : `HTTP ${response.statusCode}`}`
  );
}

function endpoint(region, partition) {
  const given = process.env.AWS_ENDPOINT_URL_SNS || process.env.AWS_ENDPOINT_URL;
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(given || `https://sns.${region}.${domain}`);
}

function signed(url, body, region, { accessKeyId, secretAccessKey, sessionToken }) {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'host': url.host,
    'x-amz-date': time,
    ...(sessionToken && { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    'POST',
    '/',
    '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    hash(body),
  ].join('\n');
  const scope = [time.slice(0, 8), region, 'sns', 'aws4_request'];
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), hash(canonical)].join('\n');
  const key = scope.reduce(hmac, `AWS4${secretAccessKey}`);
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const credential = `${accessKeyId}/${scope.join('/')}`;
  headers.authorization =
    `AWS4-HMAC-SHA256 Credential=${credential}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

module.exports = { signed, subscribe };
