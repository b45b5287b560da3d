/** The inspector's page. */
import { showChart } from './chart.js';
import { showDetails } from './details.js';
import { showTimeline } from './events.js';
import { follow } from './feed.js';
import { showHeader } from './header.js';
import { Store } from './store.js';
import { showTree } from './tree.js';

const store = new Store();
showHeader(store);
showTree(store);
showChart(store);
showDetails(store);
showTimeline(store);
follow(store);
