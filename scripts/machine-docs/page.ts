/** One page per machine: what it promises, its pictures, and a table of its states. */
import type { AnyStateMachine } from 'xstate';
import { allStates, type ChartMove, type ChartState, chartOf } from './chart.js';
import { type Picture, picturesOf } from './diagram.js';

export interface PageInput {
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** The text of the machine's file; its header states the invariants. */
  readonly source: string;
}

export function pageOf({ name, machine, source }: PageInput): string {
  const chart = chartOf(machine);
  const { purpose, invariants } = headerOf(source);
  return [
    `# The ${name} machine`,
    '',
    `<!-- Written by \`npm run docs:machines\` from machines/${name}.ts; do not edit. -->`,
    '',
    purpose,
    '',
    '## What always holds',
    '',
    ...invariants.map((invariant, index) => `${index + 1}. ${invariant}`),
    '',
    '## Pictures',
    '',
    `[How to read them](README.md#how-to-read-the-pictures). The same as JSON, for Stately Studio: [${name}.json](${name}.json).`,
    '',
    ...regionsText(chart),
    ...picturesOf(chart).flatMap((picture) => pictureText(chart, picture)),
    '## States',
    '',
    '| State | What is true | What happens → where it goes | Asks |',
    '| --- | --- | --- | --- |',
    ...allStates(chart).flatMap((state) =>
      state === chart && state.moves.length === 0 && state.asks.length === 0 ? [] : [rowOf(name, state)],
    ),
    '',
  ].join('\n');
}

/** The sentences at the top of a machine's file, and its numbered invariants. */
function headerOf(source: string): { readonly purpose: string; readonly invariants: readonly string[] } {
  const [, comment = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(source) ?? [];
  const text = comment.replace(/^ *\* ?/gm, '');
  const [purpose = '', list = ''] = text.split('Invariants:');
  const invariants = list.split(/^\s*\d+\.\s+/m).slice(1);
  return { purpose: inOneLine(purpose), invariants: invariants.map(inOneLine) };
}

function inOneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}

/** A machine that does several things at a time has no overview; its regions are named instead. */
function regionsText(chart: ChartState): readonly string[] {
  if (chart.kind !== 'parallel') return [];
  const regions = chart.states.map(({ name, description }) => `- \`${name}\`: ${description}`);
  return ['It does several things at a time:', '', ...regions, ''];
}

function pictureText(chart: ChartState, { of, mermaid }: Picture): readonly string[] {
  const shown = of.map((path) => allStates(chart).find((state) => state.path === path) ?? chart);
  const isOverview = of.includes('');
  const title = isOverview ? [] : [`### Inside ${of.map((path) => `\`${path}\``).join(' and ')}`, ''];
  return [
    ...title,
    ...(isOverview
      ? []
      : shown.flatMap(({ path, description }) => [
          `${shown.length > 1 ? `\`${path}\`: ` : ''}${description}`,
          '',
        ])),
    '```mermaid',
    mermaid,
    '```',
    '',
    ...everywhereText(shown[0] ?? chart),
  ];
}

/** What holds in every state of a picture, and would clutter it as arrows. */
function everywhereText(container: ChartState): readonly string[] {
  const isArrow = (to: string): boolean => {
    const target = allStates(container).find(({ path }) => path === to);
    return container.path !== '' && target !== undefined && target.kind !== 'final';
  };
  const said = container.moves.filter(({ to, isBug }) => to !== undefined && !isBug && !isArrow(to));
  const words = said.filter(({ to }) => to?.endsWith('failed') !== true).map(moveText);
  return words.length === 0 ? [] : [`From every state here: ${words.join('; ')}.`, ''];
}

function rowOf(machine: string, state: ChartState): string {
  const { path, tags, kind, description, entry, exit, asks } = state;
  const name = path === '' ? `*${machine}*` : `\`${path}\``;
  const marks = [...tags.map((tag) => `**${tag}**`), ...(kind === 'final' ? ['ends here'] : [])];
  const does = [
    ...(entry.length > 0 ? [`on entry: ${entry.join(', ')}`] : []),
    ...(exit.length > 0 ? [`on exit: ${exit.join(', ')}`] : []),
  ];
  const happens = [...does.map((line) => `*${line}*`), ...state.moves.map(moveText)];
  const cells = [
    [name, ...marks].join('<br>'),
    description,
    happens.join('<br>'),
    asks.map((ask) => `\`${ask}\``).join('<br>'),
  ];
  return `| ${cells.join(' | ')} |`;
}

function moveText({ trigger, guard, to, actions, isBug }: ChartMove): string {
  const isElse = guard === 'otherwise' && !isBug;
  const condition = guard === undefined || isBug || isElse ? '' : ` [${guard}]`;
  const event = `${isBug ? `${trigger}, unexpectedly` : trigger}${isElse ? ' [else]' : condition}`;
  if (to !== undefined) return `${event} → \`${to}\``;
  return `${event}: ${actions.join(', ')}`;
}
