/** What the page knows: what the server has told, and what the user has chosen. Those who show it are told of changes. */
import type {
  ActorDetail,
  ActorRow,
  ActorsMessage,
  Chart,
  RegistrySummary,
  TimelineEntry,
  TimelineMessage,
} from './protocol.js';

/** Older entries of the timeline are let go. */
const entriesMax = 5_000;

export type Topic = 'actors' | 'selection' | 'detail' | 'timeline' | 'summaries' | 'feed';
export type FeedState = 'connecting' | 'live' | 'lost';

export class Store {
  readonly actors: Map<string, ActorRow> = new Map<string, ActorRow>();
  /** The ids of an actor's children, in the order of their birth; those of the roots under null. */
  readonly children: Map<string | null, string[]> = new Map<string | null, string[]>();
  readonly charts: Map<string, Chart> = new Map<string, Chart>();
  timeline: TimelineEntry[] = [];
  skipped = 0;
  summaries: readonly RegistrySummary[] = [];
  selected: string | undefined;
  detail: ActorDetail | undefined;
  feed: FeedState = 'connecting';
  readonly #watchers = new Map<Topic, (() => void)[]>();

  on(topics: readonly Topic[], draw: () => void): void {
    for (const topic of topics) this.#watchers.set(topic, [...(this.#watchers.get(topic) ?? []), draw]);
  }

  get selectedRow(): ActorRow | undefined {
    return this.selected === undefined ? undefined : this.actors.get(this.selected);
  }

  select(id: string): void {
    if (this.selected === id) return;
    this.selected = id;
    this.detail = undefined;
    this.#tell('selection');
  }

  takeFeed(state: FeedState): void {
    this.feed = state;
    this.#tell('feed');
  }

  takeActors({ isAll, rows, gone }: ActorsMessage): void {
    if (isAll) {
      this.actors.clear();
      this.children.clear();
    }
    for (const id of gone) this.#forget(id);
    for (const row of rows) this.#remember(row);
    if (this.selectedRow === undefined) this.#selectSomebody();
    this.#tell('actors');
  }

  takeTimeline({ entries, skipped }: TimelineMessage): void {
    const last = this.timeline.at(-1)?.serial ?? 0;
    this.timeline.push(...entries.filter(({ serial }) => serial > last));
    this.skipped += skipped;
    if (this.timeline.length > entriesMax * 1.2) this.timeline = this.timeline.slice(-entriesMax);
    this.#tell('timeline');
  }

  takeSummaries(summaries: readonly RegistrySummary[]): void {
    this.summaries = summaries;
    this.#tell('summaries');
  }

  takeDetail(detail: ActorDetail): void {
    if (detail.row.id !== this.selected) return;
    this.detail = detail;
    this.#tell('detail');
  }

  takeCharts(charts: readonly Chart[]): void {
    for (const chart of charts) this.charts.set(chart.machine, chart);
    this.#tell('selection');
  }

  #remember(row: ActorRow): void {
    if (!this.actors.has(row.id)) {
      const siblings = this.children.get(row.parentId);
      if (siblings === undefined) this.children.set(row.parentId, [row.id]);
      else siblings.push(row.id);
    }
    this.actors.set(row.id, row);
  }

  #forget(id: string): void {
    const row = this.actors.get(id);
    this.actors.delete(id);
    this.children.delete(id);
    if (row === undefined) return;
    const siblings = this.children.get(row.parentId);
    if (siblings !== undefined)
      this.children.set(
        row.parentId,
        siblings.filter((each) => each !== id),
      );
  }

  /** What most people want to see first. */
  #selectSomebody(): void {
    const rows = [...this.actors.values()];
    const first = rows.find(({ machine }) => machine === 'connection') ?? rows[0];
    if (first !== undefined) this.select(first.id);
  }

  #tell(topic: Topic): void {
    for (const draw of this.#watchers.get(topic) ?? []) draw();
  }
}
