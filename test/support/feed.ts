/** Reads what the offline inspector tells its page. */
import { get } from 'node:http';
import type {
  ActorRow,
  ActorsMessage,
  RegistrySummary,
  TimelineEntry,
  TimelineMessage,
} from '../../src/inspect/page/protocol.js';

export interface Feed {
  /** All messages of one name so far. */
  messages(name: string): readonly unknown[];
  /** When each of them arrived, in milliseconds. */
  times(name: string): readonly number[];
  /** The actors as a page would know them now. */
  rows(): readonly ActorRow[];
  entries(): readonly TimelineEntry[];
  summaries(): readonly RegistrySummary[];
  /** Everything that was sent. */
  text(): string;
  /** Resolves when the other side has ended it. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Resolves when the inspector at this address has answered. */
export function openFeed(url: string): Promise<Feed> {
  return new Promise((resolve, reject) => {
    const asked = get(`${url}feed`, (response) => {
      let text = '';
      const arrivals: [name: string, at: number][] = [];
      response.on('data', (part: Buffer) => {
        text += part.toString();
        const names = [...part.toString().matchAll(/^event: (\w+)$/gm)];
        arrivals.push(...names.map(([, name = '']): [string, number] => [name, performance.now()]));
      });
      const ended = new Promise<void>((end) => response.on('close', end));
      response.on('error', () => {});
      const times = (name: string): readonly number[] =>
        arrivals.flatMap(([found, at]) => (found === name ? [at] : []));
      resolve({ ...feedOf(() => text), times, ended, close: () => void asked.destroy() });
    });
    asked.on('error', reject);
  });
}

function feedOf(text: () => string): Omit<Feed, 'times' | 'ended' | 'close'> {
  const messages = (name: string): readonly unknown[] =>
    [...text().matchAll(/^event: (\w+)\ndata: (.*)\n\n/gm)].flatMap(([, found, data = '']) =>
      found === name ? [JSON.parse(data) as unknown] : [],
    );
  return {
    messages,
    rows: () => {
      let rows = new Map<string, ActorRow>();
      for (const message of messages('actors') as readonly ActorsMessage[]) {
        if (message.isAll) rows = new Map();
        for (const id of message.gone) rows.delete(id);
        for (const row of message.rows) rows.set(row.id, row);
      }
      return [...rows.values()];
    },
    entries: () => (messages('timeline') as readonly TimelineMessage[]).flatMap(({ entries }) => entries),
    summaries: () => (messages('summaries').at(-1) ?? []) as readonly RegistrySummary[],
    text,
  };
}
