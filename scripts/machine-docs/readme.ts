/** The first page of docs/machines/: which machines there are, what their tags mean, and how to read the pictures. */
import type { AnyStateMachine } from 'xstate';

const tags: readonly (readonly [string, string, string])[] = [
  [
    '`up`',
    'connection',
    'A round trip to etcd succeeded on this link, and nothing has contradicted it since.',
  ],
  ['`down`', 'connection', 'etcd cannot be reached, or has not been reached yet.'],
  ['`usable`', 'lease', 'We hold a lease, as far as we can know.'],
  ['`live`', 'watcher', 'The copy equals etcd, and every change is on its way.'],
  ['`stale`', 'watcher', 'The copy may differ from etcd; the last one told still stands.'],
  ['`doubtful`', 'connection, lease', 'Still `up` or `usable`, but an answer is overdue.'],
];

export function readmeOf(machines: Readonly<Record<string, AnyStateMachine>>): string {
  return `# The machines

<!-- Written by \`npm run docs:machines\`; do not edit. -->

Everything that Leasehold decides, it decides in these machines. They are pure: they do no I/O, read no clock and roll
no dice. They ask by name (\`grantLease\`, \`listPrefix\`), and adapters answer. They are exported as
\`leasehold/machines\`.

| Machine | What it is for |
| --- | --- |
${Object.entries(machines)
  .map(([name, { root }]) => `| [${name}](${name}.md) | ${root.description} |`)
  .join('\n')}

The registry machine is the parent. It starts one connection, one lease and a hub of watchers, one per watched prefix;
it passes the connection's \`connection.up\` and \`connection.down\` on to the others, and tells the lease when it is
wanted, lost or no longer needed.

## Tags

A snapshot answers \`hasTag\`; that is what a program should ask, since states may be divided further.

| Tag | Of | What is true |
| --- | --- | --- |
${tags.map((row) => `| ${row.join(' | ')} |`).join('\n')}

## How to read the pictures

- An arrow says what happens: \`lease.wanted\` is an event, \`grantLease done\` and \`grantLease failed\` are answers of
  an adapter, \`after retryBackoff\` is a delay that has passed.
- \`[isGranted]\` is a condition, \`[else]\` the other branches; a condition alone is acted on at once.
- Italics name the states inside; they have a picture of their own. A dashed state lies outside the picture.
- Green is \`up\`, \`usable\` or \`live\`; yellow is \`doubtful\`; grey is \`down\` or \`stale\`.
- Not drawn: \`failed\`, where anything ends that nobody expected (a bug, not trouble with etcd), and what leaves the
  state as it is. The tables have all of it.

To play with one, open [Stately Studio](https://stately.ai), import from JSON and paste its \`.json\` file.
`;
}
