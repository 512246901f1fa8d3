'use strict';

// Keyv's own tests of adapters, with its Redis adapter. They try nothing again: so they have to pass before the leader is killed and once it is
// back, and are allowed to fail in between.

const { keyvApiTests, keyvValueTests, keyvNamespaceTest, keyvIteratorTests } = require('@keyv/test-suite');
const { default: KeyvRedis } = require('@keyv/redis');
const { expect } = require('expect');
const { Keyv } = require('keyv');
const { aroundTheKill, isOver, main } = require('./application');
const { nodeRedisCluster } = require('./connections');

// Collects the tests of a part of the suite, as the runner would that it is written for.
function collect(part, store) {
  const tests = [];
  const hooks = { before: [], after: [] };
  part({
    it: (name, run) => tests.push({ name, run }),
    beforeEach: (hook) => hooks.before.push(hook),
    afterEach: (hook) => hooks.after.push(hook),
  }, Keyv, store);
  return tests.map(({ name, run }) => async () => {
    try {
      for (const hook of hooks.before) await hook();
      await run({ expect });
      for (const hook of hooks.after) await hook();
    } catch (error) {
      error.message = `${name}: ${error.message}`;
      throw error;
    }
  });
}

main(async () => {
  const client = await nodeRedisCluster();
  client.setMaxListeners(0); // each test makes an adapter
  const store = () => {
    const adapter = new KeyvRedis(client, { throwOnErrors: true });
    adapter.on('error', () => {}); // it is thrown as well
    return adapter;
  };
  const tests = [keyvApiTests, keyvValueTests, keyvNamespaceTest, keyvIteratorTests].flatMap((part) => collect(part, store));
  let passing = true;
  // Some tests look only at what kind of thing a call returns, and leave the promise to itself.
  process.on('unhandledRejection', (error) => {
    if (passing) throw error;
  });
  const rounds = await aroundTheKill(1, async (n) => {
    passing = n === 0 || isOver();
    for (const test of tests) {
      await test().catch((error) => {
        if (passing) throw error;
      });
    }
  });
  return `${tests.length} tests, ${rounds} times`;
});
