/** `leasehold register`: holds a registration while it runs, or while a program runs. */
import { setTimeout as pause } from 'node:timers/promises';
import { isRegistryError } from '../../errors.js';
import type { RegistrationHandle } from '../../handles.js';
import type { Registry } from '../../registry.js';
import { ServiceUrl } from '../../url.js';
import type { Call, Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { ownProgramCode, Program } from '../program.js';
import { accepts } from '../reachability.js';
import { withRegistry } from '../session.js';
import { shown } from '../shown.js';
import { UsageError } from '../usage-error.js';

/** Beyond what the registry itself waits. */
const retryMs = 500;

export const register: Command = {
  name: 'register',
  group: 'Act',
  summary: 'hold a registration while this command, or a program, runs',
  usage: ['<url>… [options]', '<url>… [options] -- <program> [argument…]'],
  description: [
    'Registers the URLs, keeps them registered through every outage of etcd, and withdraws them when it ends. SIGTERM and Ctrl-C end it: the registrations are withdrawn first, then the program is told.',
    'With a program behind --, the command ends when the program does, with its exit code; 128 and the number of the signal if one killed it. The program is started when etcd was reached, and registered at once, or with --when-listening as soon as it can be called. If registering fails, the program is ended.',
    'A URL with dynamic=false is refused: it has no lease, and stays when its holder is gone.',
  ],
  options: {
    'when-listening': {
      type: 'boolean',
      help: 'register only when the host and port of each URL accept a connection',
    },
    'no-check': { type: 'boolean', help: 'start without etcd too, and register when it is there' },
    session: {
      type: 'string',
      value: 'duration',
      help: 'the TTL of the lease: how long others see us after a crash; default 30s',
    },
    drain: {
      type: 'string',
      value: 'duration',
      help: 'how long to wait between withdrawing and telling the program, so that consumers notice',
    },
  },
  examples: [
    {
      line: "leasehold register 'dubbo://10.0.0.1:20880/com.acme.Orders?version=1.0.0' -- node server.js",
      what: 'a server that knows nothing of registries',
    },
    {
      line: "leasehold register --when-listening --drain 5s 'tri://10.0.0.1:50051/com.acme.Orders' -- ./server",
      what: 'found only while it can be called',
    },
    {
      line: "leasehold register 'dubbo://10.0.0.9:20880/com.acme.Legacy'",
      what: 'on behalf of something that runs elsewhere',
    },
  ],
  operands: { min: 1, max: Number.POSITIVE_INFINITY, name: 'url' },
  takesProgram: true,
  needsEtcd: true,
  async run(call) {
    const urls = call.operands.map(leasedUrl);
    const sessionMs = call.options.ms('session');
    const drainMs = call.options.ms('drain') ?? 0;
    return withRegistry(
      call,
      (registry) => {
        tellTrouble(call, registry);
        return call.program.length > 0 ? around(call, registry, urls, drainMs) : hold(call, registry, urls);
      },
      {
        check: !call.options.flag('no-check'),
        closeTimeoutMs: 2_000,
        ...(sessionMs === undefined ? {} : { sessionMs }),
      },
    );
  },
};

function leasedUrl(text: string): ServiceUrl {
  const url = ServiceUrl.parse(text);
  if (url.getBooleanParameter('dynamic', true)) return url;
  throw new UsageError(
    `${url.toString()} says dynamic=false, so nothing could hold it`,
    'leave dynamic out; leasehold import writes such entries',
  );
}

async function hold(call: Call, registry: Registry, urls: readonly ServiceUrl[]): Promise<number> {
  await registerAll(call, registry, urls, call.ending.signal);
  call.terminal.hint('Ctrl-C withdraws it');
  await call.ending.asked;
  return exitCodes.ok;
}

async function around(
  call: Call,
  registry: Registry,
  urls: readonly ServiceUrl[],
  drainMs: number,
): Promise<number> {
  const program = new Program(call);
  const ended = new AbortController();
  let isLeaving = false;
  const release = call.ending.handle((signal) => {
    // Whoever is told twice does not want to wait.
    const withdrawn = isLeaving ? Promise.resolve() : withdraw(call, registry, drainMs, ended.signal);
    isLeaving = true;
    void withdrawn.then(() => program.forward(signal));
  });
  void program.ended.then(() => ended.abort());
  try {
    await registerAll(call, registry, urls, ended.signal).catch((error: unknown) => {
      if (ended.signal.aborted || isLeaving) return;
      program.kill('SIGTERM');
      throw error;
    });
    return ownProgramCode(await program.ended);
  } finally {
    await program.ended;
    release();
  }
}

async function registerAll(
  call: Call,
  registry: Registry,
  urls: readonly ServiceUrl[],
  signal: AbortSignal,
): Promise<readonly RegistrationHandle[]> {
  const work = urls.map((url) => registerOne(call, registry, url, signal));
  const handles = await call.terminal.during('registering', Promise.all(work));
  for (const { url, key } of handles) {
    call.output.event(
      { event: 'registered', url: url.toString(), key },
      `registered ${shown(url.toString())}`,
    );
  }
  return handles;
}

/** With `--no-check` it is tried until it succeeds. A URL with `check=false` would do so too, and tell everybody. */
async function registerOne(
  { options }: Call,
  registry: Registry,
  url: ServiceUrl,
  signal: AbortSignal,
): Promise<RegistrationHandle> {
  if (options.flag('when-listening')) await listening(url, signal);
  for (;;) {
    try {
      return await registry.register(url, { signal });
    } catch (error) {
      const passes = isRegistryError(error, 'UNREACHABLE') || isRegistryError(error, 'TIMEOUT');
      if (!passes || !options.flag('no-check')) throw error;
      await pause(retryMs, undefined, { signal });
    }
  }
}

/** Tells of what a person who holds a registration wants to know. */
function tellTrouble({ terminal }: Call, registry: Registry): void {
  let isAway = false;
  registry.on('connection', (event) => {
    if (event.state === 'disconnected' && !isAway) terminal.note(`etcd is away: ${shown(event.reason)}`);
    if (event.state === 'connected' && isAway) terminal.note('etcd is back');
    isAway = event.state === 'disconnected';
  });
  registry.on('registration', ({ state, keys }) => {
    if (state === 'conflicted') terminal.note(`taken over by somebody else: ${keys.map(shown).join(', ')}`);
  });
}

async function withdraw(call: Call, registry: Registry, drainMs: number, signal: AbortSignal): Promise<void> {
  // While etcd is away it cannot be done now; the lease ends by itself.
  await Promise.race([registry.offline({ signal }).catch(() => {}), pause(2_000, undefined, { ref: false })]);
  call.terminal.note('withdrawn');
  if (drainMs > 0) await pause(drainMs, undefined, { signal }).catch(() => {});
}

/** Resolves when somebody accepts connections there. */
async function listening(url: ServiceUrl, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (await accepts(url.host ?? '', url.port)) return;
    await pause(100, undefined, { signal }).catch(() => {});
  }
}
