/** Of the Auth service only what clients need: a token for a password. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { IAuthenticateRequest } from 'etcd3';
import type { Desk } from './desk.js';
import { unary } from './unary.js';

export function authHandlers(desk: Desk): UntypedServiceImplementation {
  return {
    Authenticate: unary(desk, (core, request: IAuthenticateRequest, { token }) => ({
      header: core.header(),
      token: core.gate.login(request, token),
    })),
  };
}
