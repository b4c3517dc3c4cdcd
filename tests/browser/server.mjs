// A phonekey of its own for one test file: as on its first start, with nothing configured but its
// port and the waits between two codes.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from './eventually.mjs';

const READY_WITHIN = 30_000; // milliseconds
const STOPPED_WITHIN = 30_000; // milliseconds

export async function startServer(settings = {}) {
  const binary = process.env.PHONEKEY_BINARY;
  if (!binary) throw new Error('set PHONEKEY_BINARY, or run tests/browser.sh BINARY');

  const home = await mkdtemp(join(tmpdir(), 'phonekey-browser-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const log = openSync(join(home, 'server.log'), 'a');
  const child = spawn(binary, ['serve'], {
    cwd: home,
    stdio: ['ignore', log, log],
    env: {
      ...withoutOurs(process.env),
      PHONEKEY_HTTP__LISTEN: listen,
      PHONEKEY_CHALLENGE__COOLDOWN: '1s',
      PHONEKEY_LIMITS__NETWORK__ENABLED: 'false',
      ...settings,
    },
  });
  closeSync(log);
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ error }));
  });
  const server = new Server(`http://${listen}`, home, child, ended);
  try {
    await server.ready();
  } catch (error) {
    error.message += `\n${await server.log()}`;
    await server.kill();
    throw error;
  }
  return server;
}

class Server {
  constructor(origin, home, child, ended) {
    this.origin = origin;
    this.home = home;
    this.child = child;
    this.ended = ended.then((how) => (this.how = how));
  }

  log() {
    return readFile(join(this.home, 'server.log'), 'utf8');
  }

  async ready() {
    await eventually('the server is ready', READY_WITHIN, async () => {
      if (this.how) throw new Error(`ended before it was ready: ${JSON.stringify(this.how)}`);
      const response = await fetch(`${this.origin}/health/ready`).catch(() => null);
      await response?.arrayBuffer();
      return response?.status === 200;
    });
  }

  // Ends it as a service manager does; fails unless it then leaves in good order.
  async stop() {
    this.child.kill('SIGTERM');
    const late = new Promise((resolve) => {
      setTimeout(resolve, STOPPED_WITHIN, { late: true }).unref();
    });
    const how = await Promise.race([this.ended, late]);
    const log = await this.log();
    await this.kill();
    if (how.code !== 0 || log.includes('panicked at')) {
      throw new Error(`the server did not stop in order: ${JSON.stringify(how)}\n${log}`);
    }
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
    await rm(this.home, { recursive: true, force: true });
  }
}

function withoutOurs(environment) {
  const foreign = ([name]) => !name.startsWith('PHONEKEY_');
  return Object.fromEntries(Object.entries(environment).filter(foreign));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
