'use strict';

// rate-limiter-flexible: of three calls of each user two are let through. A user of whom nobody knows whether a call was counted is not
// looked at.

const assert = require('node:assert');
const { RateLimiterRedis, RateLimiterRes } = require('rate-limiter-flexible');
const { aroundTheKill, isPassing, main } = require('./application');
const { ioredisCluster } = require('./connections');

main(async () => {
  // A client that tries again by itself would have one call counted twice.
  const storeClient = ioredisCluster({ maxRetriesPerRequest: 0 }, { retryDelayOnFailover: 0 });
  const limiter = new RateLimiterRedis({ storeClient, keyPrefix: 'rate-limiter', points: 2, duration: 3600 });
  let known = 0;

  const count = await aroundTheKill(50, async (n) => {
    let [passed, refused, unknown] = [0, 0, 0];
    for (let call = 0; call < 3; call += 1) {
      try {
        await limiter.consume(`user ${n}`);
        passed += 1;
      } catch (error) {
        if (error instanceof RateLimiterRes) refused += 1;
        else if (isPassing(error)) unknown += 1;
        else throw error;
      }
    }
    if (unknown > 0) return;
    known += 1;
    assert.deepStrictEqual([passed, refused], [2, 1]);
  });

  assert.ok(known >= 50, `of ${count} users only ${known} are known`);
  return `${known} of ${count} users`;
});
