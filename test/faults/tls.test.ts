/** Fault 34: certificates that are wrong, and then right. */
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { fault } from './support/fault.js';
import { type Certificate, makeCertificate, TlsFront } from './support/tls-front.js';

const url = 'dubbo://10.0.0.1:20880/com.acme.Other';

describeOnEtcd('certificates', () => {
  fault('fault 34: reached through TLS [C6]', { needs: 'openssl' }, async (stage) => {
    const certificate = makeCertificate(stage.etcd.folder, 'one');
    const front = await TlsFront.start(stage.etcd.endpoint, certificate);
    const registry = await stage.open({ address: front.endpoint, tls: { ca: certificate.cert } });
    await registry.register(url);
    await registry.close();
    front.close();
  });

  fault(
    'fault 34: certificates of both sides are replaced while the registry runs [C6]',
    { needs: 'openssl' },
    async (stage) => {
      const make = (name: string): Certificate => makeCertificate(stage.etcd.folder, name);
      let [theirs, ours] = [make('server one'), make('client one')];
      const front = await TlsFront.start(stage.etcd.endpoint, theirs, ours.cert);
      let isHalfWritten = false;
      const registry = await stage.open({
        address: front.endpoint,
        check: false,
        tls: () => ({
          ca: theirs.cert,
          ...ours,
          ...(isHalfWritten ? { key: Buffer.from('-----BEGIN') } : {}),
        }),
      });
      await registry.register(url);
      const { epoch } = registry.status().connection;
      [theirs, ours, isHalfWritten] = [make('server two'), make('client two'), true];
      front.use(theirs, ours.cert);
      front.resetAll();
      await eventually(() =>
        expect(registry.status().connection.lastError?.message).toMatch(/certificates cannot be used/),
      );
      isHalfWritten = false;
      await eventually(() => expect(registry.status().connection.epoch).toBeGreaterThan(epoch));
      await registry.register(`${url}?version=2`);
      await registry.close();
      front.close();
    },
  );

  fault('fault 34: a certificate that nobody trusts', { needs: 'openssl' }, async (stage) => {
    const [good, bad] = ['good', 'bad'].map((name) => makeCertificate(stage.etcd.folder, name));
    if (good === undefined || bad === undefined) throw new Error('no certificate was made');
    const front = await TlsFront.start(stage.etcd.endpoint, bad);
    const registry = await stage.open({ address: front.endpoint, tls: { ca: good.cert }, check: false });
    await registry.register(`${url}?check=false`);
    await eventually(() => expect(registry.status().connection.lastError?.message).toMatch(/certificate/));
    const before = registry.status().connection.attempts;
    expect(before).toBeLessThan(40);
    front.use(good);
    await eventually(() => expect(registry.status().registrations[0]?.state).toBe('written'));
    await registry.close();
    front.close();
  });
});
