'use strict';

// What the applications here have in common: where the cluster is, the kill of its leader in the middle of the work, and what is tried
// again meanwhile. clients_harness_test.go starts them and reads what they print.

const parse = (list) => list.split(',').map((address) => {
  const [host, port] = address.split(':');
  return { host, port: Number(port) };
});

const nodes = parse(process.env.NODES);
// The nodes that did not lead at the start: they are not killed.
const followers = parse(process.env.FOLLOWERS);

const url = ({ host, port }) => `redis://${host}:${port}`;

let over = false;
process.stdin.once('data', () => {
  over = true;
  process.stdin.pause();
});

// Does unit(0), unit(1) ... : `least` before the leader is killed, as many as there is time for until it is back, and `least` after that.
// Returns how many there were.
async function aroundTheKill(least, unit) {
  let n = 0;
  while (n < least) await unit(n++);
  console.log('halfway');
  while (!over) await unit(n++);
  for (const end = n + least; n < end;) await unit(n++);
  return n;
}

// Redis's own error codes are in capitals; these are those of a cluster without a leader or of a node that starts.
const passing = /^(CLUSTERDOWN|UNCERTAIN|LOADING) /;
const refusal = /^[A-Z]+ /;

function isPassing(error) {
  return passing.test(error.message) || !refusal.test(error.message);
}

const patience = 40_000; // ms
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

// Tries step again while it fails as it may during a take-over; it must be one that may be done twice.
async function untilDone(step) {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!isPassing(error) || Date.now() > end) throw error;
      await pause();
    }
  }
}

// Looks again and again until condition holds.
async function until(what, condition) {
  const end = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited for ${what}`);
    await pause();
  }
}

// Runs an application to its end. What it returns is printed; an error ends the process with status 1.
function main(application) {
  application().then((result) => {
    console.log(result);
    process.exit(0);
  }, (error) => {
    console.error(error);
    process.exit(1);
  });
}

// Whether the leader was killed, and is back.
const isOver = () => over;

module.exports = { nodes, followers, url, aroundTheKill, isOver, isPassing, untilDone, until, main };
