/** How etcd's keys, and URLs, are shown in status, events and errors. */
import { type Secrets, secretsFor } from './secrets.js';

const secrets: Secrets = secretsFor({});

/** The key as it is in etcd, or a URL, with passwords and the values of names that look secret replaced by `***`. */
export function shownKey(key: string): string {
  return secrets.withoutSecrets(key);
}
