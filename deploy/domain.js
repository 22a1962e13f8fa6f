// The addresses of a deployment: API Gateway's own, or names of the operator's.
//
// With --param="domain=alerta.example.edu" the panel and the HTTP API are at that name, and the
// sockets at another, ws.alerta.example.edu: a custom domain name takes WebSocket APIs or HTTP APIs,
// not both. Neither address has a stage. The operator points both names at the two targets among the
// outputs. @connections stays at the API's own address, which IAM's permissions name anyway.
'use strict';

const HTTP_API = 'https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}';

async function names({ resolveVariable }) {
  const domain = await resolveVariable('param:domain');
  if (!domain) return undefined;
  return {
    http: domain,
    sockets: (await resolveVariable('param:socketDomain')) || `ws.${domain}`,
    certificate: await resolveVariable('param:certificateArn'),
  };
}

// For serverless.yml to refer to, each for CloudFormation to fill in: where the HTTP API and the
// sockets are, where people reach the panel, and the origins whose pages may use them, the service's own included.
async function addresses(osls) {
  const own = await names(osls);
  const management = await osls.resolveVariable('param:managementEndpoint');
  const origins = [await osls.resolveVariable('param:origins'), HTTP_API];
  if (own) origins.push(`https://${own.http}`);
  return {
    http: sub(own ? `https://${own.http}` : HTTP_API),
    // The sockets are beside the address of @connections.
    sockets: sub(own ? `wss://${own.sockets}` : String(management).replace(/^http/, 'ws')),
    panel: sub((await osls.resolveVariable('param:panelUrl')) || (own ? `https://${own.http}` : HTTP_API)),
    origins: sub(origins.join(',')),
  };
}

const sub = (text) => (text.includes('${') ? { 'Fn::Sub': text } : text);

async function resources(osls) {
  const own = await names(osls);
  if (!own) return { Resources: {} };
  const stage = await osls.resolveVariable('sls:stage');
  return {
    Resources: {
      HttpDomain: domainName(own.http, own.certificate),
      HttpMapping: mapping('HttpDomain', 'HttpApi', '$default', 'HttpApiStage'),
      WebsocketsDomain: domainName(own.sockets, own.certificate),
      WebsocketsMapping: mapping(
        'WebsocketsDomain',
        'WebsocketsApi',
        stage,
        'WebsocketsDeploymentStage'
      ),
    },
    Outputs: {
      HttpDomainTarget: target('HttpDomain'),
      WebSocketDomainTarget: target('WebsocketsDomain'),
    },
  };
}

function domainName(name, CertificateArn) {
  return {
    Type: 'AWS::ApiGatewayV2::DomainName',
    Properties: {
      DomainName: name,
      DomainNameConfigurations: [
        { CertificateArn, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
      ],
    },
  };
}

function mapping(domain, api, Stage, stageResource) {
  return {
    Type: 'AWS::ApiGatewayV2::ApiMapping',
    DependsOn: [stageResource],
    Properties: { DomainName: { Ref: domain }, ApiId: { Ref: api }, Stage },
  };
}

const target = (domain) => ({ Value: { 'Fn::GetAtt': [domain, 'RegionalDomainName'] } });

module.exports = { addresses, resources };
