'use strict';

// Keyv with its Redis adapter: values of all types, a namespace, expiry and deletion. The namespace is not Keyv's own, which its test suite clears.

const assert = require('node:assert');
const { Keyv } = require('keyv');
const { default: KeyvRedis } = require('@keyv/redis');
const { aroundTheKill, untilDone, main } = require('./application');
const { nodeRedisCluster } = require('./connections');

main(async () => {
  const store = new KeyvRedis(await nodeRedisCluster(), { throwOnErrors: true });
  const keyv = new Keyv({ store, namespace: 'application', throwOnErrors: true });
  keyv.on('error', () => {}); // it is thrown as well

  const count = await aroundTheKill(100, async (n) => {
    const value = { n, list: [n, String(n), null], even: n % 2 === 0 };
    assert.strictEqual(await untilDone(() => keyv.set(`key ${n}`, value, 3_600_000)), true);
    assert.deepStrictEqual(await untilDone(() => keyv.get(`key ${n}`)), value);
    if (n % 2 === 1) {
      await untilDone(() => keyv.delete(`key ${n}`));
      assert.strictEqual(await untilDone(() => keyv.has(`key ${n}`)), false);
    }
  });

  for (let n = 0; n < count; n += 1) {
    const value = await untilDone(() => keyv.get(`key ${n}`));
    assert.strictEqual(value?.n, n % 2 === 0 ? n : undefined);
  }
  return `${count} values`;
});
