'use strict';

// redlock: three contenders add to a number by reading and writing it. Nothing but the lock keeps them from losing what another added.

const assert = require('node:assert');
const Redlock = require('redlock');
const { aroundTheKill, untilDone, main } = require('./application');
const { ioredisCluster } = require('./connections');

const lifetime = 15_000; // ms; longer than a take-over, so that who holds the lock is done before it is gone

main(async () => {
  const cluster = ioredisCluster();
  const contenders = [0, 1, 2].map(() => new Redlock([ioredisCluster()], { retryCount: -1, retryDelay: 20 }));
  contenders.forEach((contender) => contender.on('clientError', () => {}));
  let inside = 0;

  const add = async (contender) => {
    const lock = await untilDone(() => contender.lock('redlock:lock', lifetime));
    inside += 1;
    assert.strictEqual(inside, 1);
    const value = Number(await untilDone(() => cluster.get('redlock:number')));
    await untilDone(() => cluster.set('redlock:number', value + 1));
    assert.ok(lock.expiration > Date.now(), 'the lock was gone before its holder');
    inside -= 1;
    // A lock that is not there any more was released by a call of which nobody knew.
    await lock.unlock().catch(() => {});
  };
  const count = await aroundTheKill(10, () => Promise.all(contenders.map(add)));

  assert.strictEqual(Number(await untilDone(() => cluster.get('redlock:number'))), count * 3);
  return `${count * 3} locks`;
});
