/** What a registry is made of, put together: the parts know of each other only what is told here. */
import type { RegistrationNews, RegistryNews, WatcherHubNews } from '../machines/index.js';
import { Announcer } from './announcer.js';
import { CacheFile } from './cache-file.js';
import { type Engine, startEngine } from './compose.js';
import { emptyProtocol } from './dubbo-names.js';
import type { RegistryError } from './errors.js';
import { Explainer } from './explainer.js';
import { Lifetime } from './lifetime.js';
import type { SubscriberEvents } from './listener-subscription.js';
import { logEvents } from './logger.js';
import type { RegistrySettings } from './options.js';
import { Waiters } from './patience.js';
import { Publisher } from './publisher.js';
import { Readiness } from './readiness.js';
import { Registrations } from './registrations.js';
import { Subscriber } from './subscriber.js';
import type { ServiceUrl } from './url.js';
import type { Clock, World } from './world.js';

export class RegistryParts {
  readonly settings: RegistrySettings;
  readonly clock: Clock;
  readonly events: Announcer;
  readonly engine: Engine;
  readonly publisher: Publisher;
  readonly registrations: Registrations;
  readonly readiness: Readiness;
  /** Who asks once and waits for the answer. */
  readonly asking: Waiters = new Waiters();
  readonly subscriber: Subscriber;
  readonly explainer: Explainer;
  /** Undefined where no cache file is kept. */
  readonly cache: CacheFile | undefined;
  readonly lifetime: Lifetime;

  constructor(settings: RegistrySettings, world: World) {
    const { clock } = world;
    this.settings = settings;
    this.clock = clock;
    const origin = { address: settings.shownAddress, root: settings.layout.root };
    this.events = new Announcer(origin);
    const listeners = {
      onNews: (news: RegistryNews) => this.#handle(news),
      onWatcherNews: (news: WatcherHubNews) => this.#handleWatcher(news),
    };
    const engine = startEngine(settings, listeners, world);
    const { layout, timeoutMs } = settings;
    this.engine = engine;
    this.publisher = new Publisher(engine, clock);
    this.readiness = new Readiness(clock);
    this.registrations = new Registrations(this.publisher, this.readiness, layout, timeoutMs);
    this.subscriber = new Subscriber(engine, settings, subscriberEvents(this.events), clock, this.asking);
    this.explainer = new Explainer({
      engine,
      views: this.subscriber.views,
      layout,
      clock,
      waiters: this.asking,
    });
    this.cache = this.#openCache(world);
    this.events.supply('state', () => engine.onStateChange((change) => this.events.emit('state', change)));
    if (settings.logger !== undefined) logEvents(this.events, settings.logger, origin);
    this.lifetime = new Lifetime(this);
  }

  #openCache({ clock, files }: World): CacheFile | undefined {
    const { cachePath } = this.settings;
    if (cachePath === undefined || files === undefined) return undefined;
    const report = (error: RegistryError): void => this.events.emit('cacheError', error);
    const cache = new CacheFile(cachePath, { files, clock, collect: () => this.subscriber.known(), report });
    this.subscriber.useCache(cache);
    return cache;
  }

  #handle(news: RegistryNews): void {
    if (news.type === 'connection.up') this.subscriber.linked(news.epoch);
    this.lifetime.handle(news);
    if (isRegistrationNews(news)) this.publisher.handle(news);
    this.events.announce(news);
  }

  #handleWatcher(news: WatcherHubNews): void {
    const view = this.subscriber.handle(news);
    if (view?.position === undefined) return;
    this.events.emit('view', { prefix: view.prefix, size: view.size, ...view.position, stale: view.stale });
  }
}

function subscriberEvents(events: Announcer): SubscriberEvents {
  return {
    listenerError: (error) => events.report(error),
    undecodable: (key, error) => events.reportUndecodable(key, error),
    subscribed: (url) => {
      if (!events.wants('subscription')) return;
      events.emit('subscription', { state: 'subscribed', ...namesOf(url) });
    },
    unsubscribable: (url, error) => {
      if (!events.wants('subscription')) return;
      events.emit('subscription', { state: 'failed', ...namesOf(url), error });
    },
    notified: (urls, info) => {
      if (!events.wants('notification')) return;
      const count = urls.filter(({ protocol }) => protocol !== emptyProtocol).length;
      events.emit('notification', { ...info, count });
    },
  };
}

function namesOf(url: ServiceUrl): { readonly url: string; readonly service: string } {
  return { url: url.toString(), service: url.serviceInterface ?? '' };
}

function isRegistrationNews(news: RegistryNews): news is RegistrationNews {
  return news.type.startsWith('registration.');
}
