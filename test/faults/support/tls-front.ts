/** Takes TLS off in front of etcd, with a certificate made on the spot by openssl; the certificate can be changed. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
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

function optionsOf(certificate: Certificate, clientCa: Buffer | undefined): TlsOptions {
  if (clientCa === undefined) return { ...certificate };
  return { ...certificate, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}

export class TlsFront {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #clients = new Set<TLSSocket>();

  private constructor(port: number, target: string, options: TlsOptions) {
    this.endpoint = `https://127.0.0.1:${port}`;
    this.#server = createServer({ ...options, ALPNProtocols: ['h2'] }, (client) => {
      this.#clients.add(client);
      client.on('close', () => this.#clients.delete(client));
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

  /** With `clientCa` nobody is let in without a certificate of that authority. */
  static async start(target: string, certificate: Certificate, clientCa?: Buffer): Promise<TlsFront> {
    const front = new TlsFront(await freePort(), target, optionsOf(certificate, clientCa));
    await once(front.#server, 'listening');
    return front;
  }

  /** New connections get this certificate. */
  use(certificate: Certificate, clientCa?: Buffer): void {
    this.#server.setSecureContext(optionsOf(certificate, clientCa));
  }

  /** Ends the connections that stand. */
  resetAll(): void {
    for (const client of this.#clients) client.destroy();
  }

  close(): void {
    this.#server.close();
  }
}
