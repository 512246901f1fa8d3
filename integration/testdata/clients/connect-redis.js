'use strict';

// connect-redis: two web servers, each with another node, share the sessions of one user, who goes from one to the other with each page.

const assert = require('node:assert');
const express = require('express');
const session = require('express-session');
const { RedisStore } = require('connect-redis');
const { followers, aroundTheKill, untilDone, main } = require('./application');
const { nodeRedis } = require('./connections');

async function serve(node) {
  const app = express();
  app.use(session({
    store: new RedisStore({ client: await nodeRedis(node), prefix: 'connect-redis:' }),
    secret: 'of these tests', resave: false, saveUninitialized: false,
  }));
  // A page is counted once, even if it is asked for again since nobody knows whether it was counted.
  app.get('/:page', (request, response) => {
    const page = Number(request.params.page);
    if (request.session.page !== page) {
      request.session.page = page;
      request.session.pages = (request.session.pages ?? 0) + 1;
    }
    request.session.save((error) => (error ? response.status(503).end() : response.json(request.session.pages)));
  });
  app.use((error, request, response, next) => (response.headersSent ? next(error) : response.status(503).end()));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

main(async () => {
  const servers = [await serve(followers[0]), await serve(followers[1])];
  let cookie = '';

  const count = await aroundTheKill(100, async (n) => {
    const pages = await untilDone(async () => {
      const response = await fetch(`${servers[n % 2]}/${n}`, { headers: { cookie } });
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      const given = response.headers.get('set-cookie');
      if (given && n === 0) cookie = given.split(';')[0];
      return response.json();
    });
    assert.strictEqual(pages, n + 1);
  });
  return `${count} pages of one session`;
});
