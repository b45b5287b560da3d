/** Writes docs/demo.md: what the demo prints, word for word, without what is different each time. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const output = execFileSync(process.execPath, ['--import', 'tsx', 'examples/demo.ts'], {
  cwd: fileURLToPath(root),
  env: { ...process.env, NO_COLOR: '1' },
  encoding: 'utf8',
});
const transcript = output
  .trimEnd()
  .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:2379')
  .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-01-01T12:00:00.000Z')
  .replace(/[ \t]+$/gm, '');

writeFileSync(
  new URL('docs/demo.md', root),
  `# What the demo prints

\`npm start\` plays it on an in-memory etcd, \`npx tsx examples/demo.ts --etcd 127.0.0.1:2379\` on a real one. On the left
the seconds since the beginning, then who speaks: each state change is told by the machine that made it. To see the machines
themselves, \`npm run inspect\`. This page is written by \`npm run docs:demo\`.

\`\`\`text
${transcript}
\`\`\`
`,
);
