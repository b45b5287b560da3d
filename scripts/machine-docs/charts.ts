/** The drawn machines of the offline inspector, as one file. scripts/docs-machines.ts writes it; a test compares it. */
import { chartOf } from './chart.js';
import { machines } from './files.js';
import { layOut } from './layout.js';

export const chartsFile: URL = new URL('../../src/inspect/page/charts.json', import.meta.url);

export async function chartsText(): Promise<string> {
  const charts = await Promise.all(
    Object.entries(machines).map(([name, machine]) => layOut(name, chartOf(machine))),
  );
  return `[\n${charts.map((chart) => JSON.stringify(chart)).join(',\n')}\n]\n`;
}
