import { expect, test } from 'vitest';
import { AllServices } from '../src/all-services.js';
import { KeyLayout } from '../src/key-layout.js';
import { knownUrls } from '../src/known-urls.js';
import { CategorySelection, type Selection } from '../src/selection.js';
import { ServiceUrl } from '../src/url.js';
import { keyOf, WatchedPrefixes } from './support/watched-prefixes.js';

const layout = new KeyLayout('/dubbo');
const nobody = {
  known: () => {},
  settled: () => {},
  stale: () => {},
  denied: () => {},
  undecodable: () => {},
  isPending: () => false,
  forgotten: () => {},
};

function select(etcd: WatchedPrefixes, text: string): Selection {
  const url = ServiceUrl.parse(text);
  const Kind = url.serviceInterface === '*' ? AllServices : CategorySelection;
  const selection = new Kind(url, layout, etcd.views, nobody);
  selection.open();
  return selection;
}

function provider(service: string, host: number): string {
  return keyOf(service, `dubbo://10.0.0.${host}:1/${service}`);
}

test('knows under its service key what every category of a selection holds, and nothing of one that is stale', () => {
  const etcd = new WatchedPrefixes();
  const selections = ['a.A', 'b.B'].map((name) => select(etcd, `consumer://10.0.0.9/${name}`));
  etcd.list('/dubbo/a.A/providers/', [provider('a.A', 1)]);
  expect([...knownUrls(selections).entries].map(([key, urls]) => [key, urls.map(String)])).toEqual([
    ['a.A', ['dubbo://10.0.0.1:1/a.A']],
  ]);
  etcd.stale('/dubbo/a.A/providers/', 'gone');
  expect(knownUrls(selections).entries.size).toBe(0);
});

test('knows each service of interface=* under its own key, and that there are no others', () => {
  const etcd = new WatchedPrefixes();
  const selections = [select(etcd, 'admin://10.0.0.9?interface=*')];
  expect(knownUrls(selections).isComplete('a.A')).toBe(false);
  etcd.list('/dubbo/', [provider('a.A', 1), provider('b.B', 1)]);
  const { entries, isComplete } = knownUrls(selections);
  expect([...entries.keys()]).toEqual(['a.A', 'b.B']);
  expect(['z.Z', 'g/z.Z', 'z.Z:1.0', ''].map((key) => isComplete(key))).toEqual([true, false, false, false]);
  etcd.stale('/dubbo/', 'gone');
  expect(knownUrls(selections).isComplete('z.Z')).toBe(false);
});

test('claims completeness only for the group and the version asked for, and for no key that is being read', () => {
  const etcd = new WatchedPrefixes();
  const selections = [
    select(etcd, 'admin://10.0.0.9?interface=*&group=g&version=1'),
    select(etcd, 'consumer://10.0.0.9/y.Y?group=g&version=1'),
  ];
  etcd.list('/dubbo/', []);
  const { isComplete } = knownUrls(selections);
  expect(['g/z.Z:1', 'g/y.Y:1', 'z.Z', 'h/z.Z:1'].map((key) => isComplete(key))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
