'use strict';

// ioredis: a cluster client writes and publishes; plain clients of two followers read and hear it at once.

const assert = require('node:assert');
const { followers, aroundTheKill, untilDone, until, main } = require('./application');
const { ioredisCluster, ioredis } = require('./connections');

main(async () => {
  const cluster = ioredisCluster();
  const reader = ioredis(followers[0]);
  const subscriber = ioredis(followers[1]);
  const heard = new Set();
  subscriber.on('message', (channel, message) => heard.add(Number(message)));
  await untilDone(() => subscriber.subscribe('ioredis:news'));

  const count = await aroundTheKill(100, async (n) => {
    await untilDone(async () => {
      const replies = await cluster.pipeline().set(`ioredis:${n}`, n).zadd('ioredis:all', n, n).exec();
      for (const [error] of replies) if (error) throw error;
    });
    assert.strictEqual(await untilDone(() => reader.get(`ioredis:${n}`)), String(n));
    await untilDone(() => cluster.publish('ioredis:news', n));
  });

  assert.strictEqual(await untilDone(() => cluster.zcard('ioredis:all')), count);
  await until('all messages', () => heard.size >= count);
  assert.strictEqual(heard.size, count);
  return `${count} keys and messages`;
});
