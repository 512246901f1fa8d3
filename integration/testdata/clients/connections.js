'use strict';

// Connections as the applications make them: to all nodes where the client can, else to one follower.

const { nodes, url } = require('./application');

// Errors of connections come with the commands too; without a listener they would end the process.
const heard = (client) => client.on('error', () => {});

function ioredisCluster(ofNodes, ofCluster) {
  const { Cluster } = require('ioredis');
  return heard(new Cluster(nodes, {
    clusterRetryStrategy: () => 100, redisOptions: { maxRetriesPerRequest: 3, ...ofNodes }, ...ofCluster,
  }));
}

function ioredis(node, options) {
  const { Redis } = require('ioredis');
  return heard(new Redis({ ...node, retryStrategy: () => 100, ...options }));
}

const socket = { reconnectStrategy: 100, connectTimeout: 5000 };

async function nodeRedisCluster() {
  const { createCluster } = require('redis');
  const client = heard(createCluster({ rootNodes: nodes.map((node) => ({ url: url(node) })), defaults: { socket } }));
  await client.connect();
  return client;
}

async function nodeRedis(node) {
  const { createClient } = require('redis');
  const client = heard(createClient({ url: url(node), socket }));
  await client.connect();
  return client;
}

module.exports = { ioredisCluster, ioredis, nodeRedisCluster, nodeRedis };
