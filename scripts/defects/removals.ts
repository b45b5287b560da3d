/** All handlings that are taken out, one at a time. */
import { connecting } from './connecting.js';
import { leases } from './leases.js';
import type { Removal } from './removal.js';
import { telling } from './telling.js';
import { watching } from './watching.js';

export const removals: readonly Removal[] = [...watching, ...telling, ...leases, ...connecting];
