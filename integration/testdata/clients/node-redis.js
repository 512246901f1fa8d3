'use strict';

// node-redis: a cluster client writes in transactions, a plain client of a follower reads, and SCAN finds every key once all is done.

const assert = require('node:assert');
const { followers, aroundTheKill, untilDone, main } = require('./application');
const { nodeRedisCluster, nodeRedis } = require('./connections');

main(async () => {
  const cluster = await nodeRedisCluster();
  const reader = await nodeRedis(followers[0]);

  const count = await aroundTheKill(100, async (n) => {
    const [, fields] = await untilDone(() => cluster.multi()
      .hSet(`node-redis:{${n}}`, { number: n, square: n * n })
      .hGetAll(`node-redis:{${n}}`)
      .exec());
    assert.deepStrictEqual({ ...fields }, { number: String(n), square: String(n * n) });
    assert.strictEqual(await untilDone(() => reader.hGet(`node-redis:{${n}}`, 'square')), String(n * n));
  });

  const keys = new Set();
  for await (const batch of reader.scanIterator({ MATCH: 'node-redis:*', COUNT: 1000 })) {
    for (const key of batch) keys.add(key);
  }
  assert.strictEqual(keys.size, count);
  return `${count} transactions`;
});
