// Protects the tables of incidents and changes from deletion, after a deployment.
//
// Not a property of the resources: CloudFormation could then not roll back a first deployment that
// failed, in which it deletes them (RetainExceptOnCreate). A deployment with dataPolicy=Delete takes
// the protection away again.
'use strict';

const { call } = require('./sdk');

const TABLES = ['IncidentsTable', 'ChangesTable'];

async function protectTables(plugin, outputs) {
  const { DeletionPolicy } = plugin.template.Resources.Incidents;
  const DeletionProtectionEnabled = DeletionPolicy !== 'Delete';
  for (const TableName of TABLES.map((name) => outputs[name])) {
    const { Table } = await dynamodb(plugin, 'DescribeTable', { TableName });
    if (Boolean(Table.DeletionProtectionEnabled) === DeletionProtectionEnabled) continue;
    await dynamodb(plugin, 'UpdateTable', { TableName, DeletionProtectionEnabled });
  }
}

const dynamodb = (plugin, operation, input) =>
  call(plugin, 'dynamodb', `DynamoDB_20120810.${operation}`, input);

module.exports = { dynamodb, protectTables };
