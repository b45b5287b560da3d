/** How an etcd key is shown in status, events and errors. */

/** `user:password@` at the beginning of an encoded authority. */
const encodedPassword = /(%3A%2F%2F(?:(?!%2F|%3A|%40|%3F).)*%3A)(?:(?!%2F|%3F).)*(%40)/i;

/** The key as it is in etcd, with the password of an encoded URL replaced by `***`. */
export function shownKey(key: string): string {
  return key.replace(encodedPassword, '$1***$2');
}
