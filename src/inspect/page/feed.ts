/** Brings in what the server tells, and fetches what the user looks at. */
import type { ActorDetail, ActorsMessage, Chart, RegistrySummary, TimelineMessage } from './protocol.js';
import type { Store } from './store.js';

/** Listens to the server for as long as the page is open; the browser reconnects by itself. */
export function follow(store: Store): void {
  const feed = new EventSource('feed');
  const take = <Message>(name: string, act: (message: Message) => void): void => {
    feed.addEventListener(name, (event) => act(JSON.parse(String((event as MessageEvent).data)) as Message));
  };
  feed.addEventListener('open', () => store.takeFeed('live'));
  feed.addEventListener('error', () => store.takeFeed('lost'));
  take<ActorsMessage>('actors', (message) => store.takeActors(message));
  take<TimelineMessage>('timeline', (message) => store.takeTimeline(message));
  take<readonly RegistrySummary[]>('summaries', (message) => store.takeSummaries(message));
  keepDetail(store);
  void fetchJson<readonly Chart[]>('charts.json').then((charts) => {
    if (charts !== undefined) store.takeCharts(charts);
  });
}

/** Asks for the details of the selected actor, one question at a time, and again after every news. */
function keepDetail(store: Store): void {
  let isAsking = false;
  let isOutdated = false;
  const ask = async (): Promise<void> => {
    const id = store.selected;
    if (id === undefined) return;
    if (isAsking) {
      isOutdated = true;
      return;
    }
    isAsking = true;
    const detail = await fetchJson<ActorDetail>(`actors/${id}`);
    isAsking = false;
    if (detail !== undefined) store.takeDetail(detail);
    if (!isOutdated) return;
    isOutdated = false;
    void ask();
  };
  store.on(['selection', 'summaries'], () => void ask());
}

async function fetchJson<Answer>(path: string): Promise<Answer | undefined> {
  try {
    const response = await fetch(path);
    return response.ok ? ((await response.json()) as Answer) : undefined;
  } catch {
    // The feed says that the server is gone.
    return undefined;
  }
}
