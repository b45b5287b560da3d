/** Every test that Dubbo 2.7.1 has of its etcd3 registry is there under its name, and no other test borrows such a name. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const originals = {
  EtcdRegistryTest: `
    test_register test_unregister test_subscribe test_subscribe_when_register test_subscribe_when_register0
    test_subscribe_when_register1 test_subscribe_when_register2 test_unsubscribe
  `,
  JEtcdClientTest: `
    test_watch_when_create_path test_watch_when_create_wrong_path test_watch_when_delete_path test_watch_then_unwatch
    test_watch_on_unrecoverable_connection test_watch_on_recoverable_connection test_watch_after_client_closed
    test_watch_when_modify testWatchWithGrpc testCancelWatchWithGrpc
  `,
  JEtcdClientWrapperTest: `
    test_path_exists test_create_emerphal_path test_grant_lease_then_revoke test_create_emerphal_path_then_timeout
    test_get_emerphal_children_path test_connect_cluster
  `,
  ConfigurationUtilsTest: `
    testGetServerShutdownTimeout testGetProperty testParseSingleProperties testParseMultipleProperties
    testEscapedNewLine
  `,
} as const;

test('each of the original tests stands in the title of a test, and nothing else calls itself so', () => {
  const here = new URL('./', import.meta.url);
  const files = readdirSync(here).filter((file) => file.endsWith('.test.ts') && file !== 'originals.test.ts');
  const named = files.flatMap((file) =>
    [...readFileSync(new URL(file, here), 'utf8').matchAll(/\btest\('(test\w+): /g)].map(([, name]) => name),
  );
  const wanted = Object.values(originals).flatMap((names) => names.trim().split(/\s+/));
  expect(new Set(named)).toEqual(new Set(wanted));
  expect(named).toHaveLength(wanted.length);
});
