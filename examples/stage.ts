/** How the demo speaks: a narrator's lines, and one line for each state change of a machine that matters to the story. */
import { styleText } from 'node:util';
import type { NotificationInfo, Registry, RegistryStatus, ServiceUrl, StateChange } from 'leasehold';

const begun = performance.now();
type Style = Parameters<typeof styleText>[0];

function paint(style: Style, text: string): string {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? styleText(style, text) : text;
}

function print(who: string, style: Style, text: string): void {
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1).padStart(5);
  process.stdout.write(`${paint('dim', `${seconds}s`)}  ${paint(style, who.padEnd(10))} ${text}\n`);
}

/** The next chapter. */
export function narrate(text: string): void {
  process.stdout.write('\n');
  print('—', 'bold', paint('bold', text));
}

/** What somebody on stage says. */
export function say(who: string, text: string): void {
  print(who, 'cyan', text);
}

export function complain(text: string): void {
  print('✗', 'red', text);
}

/** Prints the state changes of a registry's machines as they happen. */
export function follow(who: string, registry: Registry): void {
  const shown = new Map<string, string>();
  const retried = new Set<string>();
  registry.on('state', (change) => {
    const name = change.machine.replace('registry.', '');
    const state = shortState(change);
    if (name === 'keeping' || name === 'auditing' || shown.get(name) === state) return;
    if (name === 'connection' && isRepeated(retried, state)) return;
    const from = shown.get(name);
    shown.set(name, state);
    print(
      who,
      'dim',
      `${paint('dim', name.padEnd(10))} ${from === undefined ? '' : `${from} → `}${paint('yellow', state)}`,
    );
  });
}

/** Further attempts to connect look like the first; they are told once per outage. */
function isRepeated(retried: Set<string>, state: string): boolean {
  if (state === 'connected') retried.clear();
  const isKnown = retried.has(state);
  if (state !== 'connected') retried.add(state);
  return isKnown;
}

/** The state that users were promised to see, without what goes on inside it. */
function shortState({ to }: StateChange): string {
  const state = to.replace(/^following\./, '');
  const isDoubtful = state.includes('doubtful');
  return `${state.split('.')[0] ?? state}${isDoubtful ? ' (doubtful)' : ''}`;
}

/** Who provides the service, in one line. */
export function showView(who: string, urls: readonly ServiceUrl[], { revision }: NotificationInfo): void {
  const addresses = urls.filter(({ protocol }) => protocol !== 'empty').map(({ address }) => address);
  say(
    who,
    `sees ${addresses.length} providers: ${addresses.join(', ') || 'nobody'} (etcd revision ${revision})`,
  );
}

/** What the consumer still knows, and how sure it may be. */
export function showStaleness(who: string, { subscriptions }: RegistryStatus): void {
  for (const { categories } of subscriptions) {
    for (const { category, providerCount, stale } of categories) {
      const sureness =
        stale === null ? 'live' : `stale since ${new Date(stale.since).toISOString()}: ${stale.reason}`;
      say(who, `still knows ${providerCount} ${category} (${sureness})`);
    }
  }
}
