/** Takes TLS off in front of etcd, with a certificate made on the spot by openssl; the certificate can be changed. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { freePort } from '../../support/free-port.js';

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A self-signed certificate for 127.0.0.1. */
export function makeCertificate(folder: string, name: string): Certificate {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=etcd';
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...request.split(' '), ...names], { stdio: 'ignore' });
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

export class TlsFront {
  readonly endpoint: string;
  readonly #server: Server;

  private constructor(port: number, target: string, certificate: Certificate) {
    this.endpoint = `https://127.0.0.1:${port}`;
    this.#server = createServer({ ...certificate, ALPNProtocols: ['h2'] }, (client) => {
      const upstream = connect(Number(new URL(target).port), '127.0.0.1');
      for (const end of [client, upstream]) {
        end.on('error', () => {});
        end.on('close', () => {
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
    this.#server.on('tlsClientError', () => {});
    this.#server.listen(port, '127.0.0.1');
  }

  static async start(target: string, certificate: Certificate): Promise<TlsFront> {
    const front = new TlsFront(await freePort(), target, certificate);
    await once(front.#server, 'listening');
    return front;
  }

  /** New connections get this certificate. */
  use(certificate: Certificate): void {
    this.#server.setSecureContext({ ...certificate });
  }

  close(): void {
    this.#server.close();
  }
}
