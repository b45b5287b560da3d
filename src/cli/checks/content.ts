/** The part of the doctor that looks at what is registered: entries nobody will remove, and keys nobody can use. */
import type { EtcdClient } from '../../etcd-client.js';
import { shownKey } from '../../shown-key.js';
import { type Catalogue, type Registered, readCatalogue } from '../catalogue.js';
import type { Call } from '../command.js';
import { accepts } from '../reachability.js';
import { type Advice, good, trouble } from './cluster.js';

type Tell = (advice: Advice) => void;

export async function examineContent(call: Call, tell: Tell, client: EtcdClient): Promise<void> {
  let catalogue: Catalogue;
  try {
    catalogue = await readCatalogue(call, client);
  } catch (error) {
    tell(trouble('zombies', `${client.layout.root} cannot be read`, error));
    return;
  }
  const registered = [...catalogue.services.values()].flat();
  for (const advice of zombies(registered)) tell(advice);
  tell(strays(catalogue));
  tell(undecodable(catalogue));
  if (call.options.flag('probe'))
    tell(await call.terminal.during('connecting to providers', probe(registered)));
}

/** Entries that no lease will end, and those that an earlier life of the same process seems to have left. */
function zombies(registered: readonly Registered[]): readonly Advice[] {
  const immortal = registered.filter(
    ({ url, leaseId }) => leaseId === '0' && url.getBooleanParameter('dynamic', true),
  );
  const twins = twinsAmong(registered);
  const found: Advice[] = [];
  if (immortal.length > 0) {
    found.push({
      check: 'zombies',
      level: 'warn',
      message: `${counted(immortal.length, 'entry has', 'entries have')} no lease and no dynamic=false: nothing removes them when the process is gone`,
      todo: 'if nobody answers there, delete the key: etcdctl del <key>',
      details: immortal.map(locationOf),
    });
  }
  if (twins.length > 0) {
    found.push({
      check: 'zombies',
      level: 'warn',
      message: `${counted(twins.length, 'address is', 'addresses are')} registered more than once for the same service, group and version`,
      todo: 'after a crash the older one ends with its lease; if it stays, a process holds both, or it has no lease',
      details: twins.flat().map(locationOf),
    });
  }
  return found.length > 0 ? found : [good('zombies', `none among ${registered.length} entries`)];
}

/** The URL to recognise it by, and the key to deal with it. */
function locationOf({ url, key }: Registered): string {
  return `${url.toString()} at ${shownKey(key)}`;
}

function twinsAmong(registered: readonly Registered[]): readonly (readonly Registered[])[] {
  const byIdentity = new Map<string, Registered[]>();
  for (const each of registered) {
    const { url, service, category } = each;
    if (category !== 'providers') continue;
    const identity = [
      service,
      url.protocol,
      url.address,
      url.getParameter('group'),
      url.getParameter('version'),
    ].join(' ');
    byIdentity.set(identity, [...(byIdentity.get(identity) ?? []), each]);
  }
  return [...byIdentity.values()].filter((twins) => twins.length > 1);
}

function strays({ strays: keys, layout }: Catalogue): Advice {
  if (keys.length === 0) return good('strays', `every key below ${layout.root} is part of a registry`);
  return {
    check: 'strays',
    level: 'warn',
    message: `${counted(keys.length, 'key', 'keys')} below ${layout.root} that no registry wrote`,
    todo: 'nobody is disturbed by them; if nobody needs them either: etcdctl del <key>',
    details: keys,
  };
}

function undecodable({ undecodable: keys }: Catalogue): Advice {
  if (keys.length === 0) return good('undecodable', 'every entry can be read');
  return {
    check: 'undecodable',
    level: 'warn',
    message: `${counted(keys.length, 'entry', 'entries')} cannot be read, so no consumer is told of them`,
    todo: 'find out who writes them, and delete them: etcdctl del <key>',
    details: keys.map(({ key, reason }) => `${key}: ${reason}`),
  };
}

async function probe(registered: readonly Registered[]): Promise<Advice> {
  const addresses = new Map<string, { readonly host: string; readonly port: number }>();
  for (const { url, category } of registered) {
    if (category === 'providers' && url.port > 0)
      addresses.set(url.address ?? '', { host: url.host ?? '', port: url.port });
  }
  const silent: string[] = [];
  const waiting = [...addresses];
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [address, { host, port }] = next;
      if (!(await accepts(host, port))) silent.push(address);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  if (silent.length === 0)
    return good('providers', `all ${addresses.size} addresses accept connections from here`);
  return {
    check: 'providers',
    level: 'warn',
    message: `${silent.length} of ${addresses.size} addresses accept no connection from here`,
    todo: 'look whether the process lives, and whether this machine may reach it',
    details: silent.sort(),
  };
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
