'use strict';

// BullMQ: jobs are added under ids of their own, so that adding one again adds nothing; two workers complete each of them.

const assert = require('node:assert');
const { Queue, Worker } = require('bullmq');
const { aroundTheKill, untilDone, until, main } = require('./application');
const { ioredisCluster } = require('./connections');

const prefix = '{bullmq}'; // all keys of a queue in one hash slot, as BullMQ wants it from clusters

main(async () => {
  const connection = () => ioredisCluster({ maxRetriesPerRequest: null });
  const queue = new Queue('jobs', { connection: connection(), prefix });
  queue.on('error', () => {});
  const worked = new Set();
  for (let i = 0; i < 2; i += 1) {
    const worker = new Worker('jobs', async (job) => {
      worked.add(job.data.n);
      return job.data.n * 2;
    }, { connection: connection(), prefix, concurrency: 4, lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 10 });
    worker.on('error', () => {});
  }

  const count = await aroundTheKill(50, (n) => untilDone(() => queue.add('double', { n }, { jobId: `job-${n}`, attempts: 5 })));

  await until('all jobs to be completed', async () => (await untilDone(() => queue.getCompletedCount())) >= count);
  const counts = await untilDone(() => queue.getJobCounts());
  assert.deepStrictEqual([counts.completed, counts.failed, counts.active, counts.waiting, worked.size], [count, 0, 0, 0, count]);
  const job = await untilDone(() => queue.getJob(`job-${count - 1}`));
  assert.strictEqual(job.returnvalue, (count - 1) * 2);
  return `${count} jobs`;
});
