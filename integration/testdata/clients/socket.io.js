'use strict';

// socket.io: two servers, each with another node, and a client of each. What goes through one server to a room is heard by the clients of
// both; it is sent again, as such applications do, until both have it. Each server finds the sockets of both, and hears from both with
// emitWithAck: the adapter takes PUBSUB NUMSUB for how many servers there are.

const assert = require('node:assert');
const { createServer } = require('node:http');
const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');
const { createAdapter } = require('@socket.io/redis-adapter');
const { followers, aroundTheKill, isPassing, until, main } = require('./application');
const { nodeRedis } = require('./connections');

const resendAfter = 500; // ms
const answerWithin = 1000; // ms

// The adapter leaves the errors of its PUBLISH to nobody.
process.on('unhandledRejection', (error) => {
  if (!isPassing(error)) throw error;
});

async function serve(node) {
  const http = createServer();
  const server = new Server(http, { adapter: createAdapter(await nodeRedis(node), await nodeRedis(node), { requestsTimeout: answerWithin }) });
  server.on('connection', (socket) => socket.join('news'));
  http.listen(0, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  return { server, address: `http://127.0.0.1:${http.address().port}` };
}

async function listen(address) {
  const heard = new Set();
  const client = connect(address, { transports: ['websocket'] });
  client.on('message', (n) => heard.add(n));
  client.on('question', (n, answer) => answer(n * 2));
  await new Promise((resolve) => client.once('connect', resolve));
  return heard;
}

// While nobody leads, what goes through the cluster is late or lost: then a question has too few answers, or ends with an error.
async function answers(server, n) {
  try {
    const sockets = await server.in('news').fetchSockets();
    const answered = await server.to('news').timeout(answerWithin).emitWithAck('question', n);
    return sockets.length === 2 && answered.length === 2 && answered.every((answer) => answer === n * 2);
  } catch {
    return false;
  }
}

main(async () => {
  const servers = [await serve(followers[0]), await serve(followers[1])];
  const heard = [await listen(servers[0].address), await listen(servers[1].address)];
  const all = (n) => heard.every((numbers) => numbers.has(n));

  const count = await aroundTheKill(50, async (n) => {
    let sent = 0;
    await until(`message ${n}`, () => {
      if (Date.now() - sent > resendAfter) {
        servers[n % 2].server.to('news').emit('message', n);
        sent = Date.now();
      }
      return all(n);
    });
    await until(`answers to ${n}`, () => answers(servers[n % 2].server, n));
  });

  for (const { server } of servers) {
    assert.strictEqual(await server.of('/').adapter.serverCount(), 2);
  }
  for (const numbers of heard) {
    assert.strictEqual(numbers.size, count);
  }
  return `${count} messages`;
});
