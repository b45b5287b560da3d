/** The methods of Dubbo's URL that vectors name, each as ours. */
import type { ServiceUrl } from '../../src/url.js';

// biome-ignore lint/suspicious/noExplicitAny: the arguments are untyped data.
type Vector = any;

const textOf = (value: string | null): string | undefined => value ?? undefined;

/** Reads a parameter as a vector of `url-get-parameter` says; an unknown call is an error. */
export function callParameter(url: ServiceUrl, vector: Vector): unknown {
  const call = parameterCalls[vector.call];
  if (call === undefined) throw new Error(`no call ${vector.call}`);
  return call(url, vector);
}

/** Does what a vector of `url-ops` says; an unknown operation is an error. */
export function callOperation(url: ServiceUrl, name: string, args: Vector[]): unknown {
  const operation = operations[name];
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return operation(url, args);
}

const parameterCalls: Readonly<Record<string, (url: ServiceUrl, vector: Vector) => unknown>> = {
  getParameter: (url, { key }) => url.getParameter(key),
  'getParameter(String)': (url, { key, default: fallback }) => url.getParameter(key, fallback),
  'getParameter(int)': (url, { key, default: fallback }) => url.getIntParameter(key, fallback),
  'getParameter(long)': (url, { key, default: fallback }) =>
    Number(url.getLongParameter(key, BigInt(fallback))),
  'getParameter(double)': (url, { key, default: fallback }) => url.getDoubleParameter(key, fallback),
  'getParameter(boolean)': (url, { key, default: fallback }) => url.getBooleanParameter(key, fallback),
  'getParameter(char)': (url, { key, default: fallback }) => url.getCharParameter(key, fallback),
  'getParameter(String[])': (url, { key, default: fallback }) => url.getListParameter(key, fallback),
  'getPositiveParameter(int)': (url, { key, default: fallback }) =>
    url.getPositiveIntParameter(key, fallback),
  hasParameter: (url, { key }) => url.hasParameter(key),
  getMethodParameter: (url, { method, key }) => url.getMethodParameter(method, key),
  'getMethodParameter(int)': (url, { method, key, default: fallback }) =>
    url.getMethodIntParameter(method, key, fallback),
  hasMethodParameter: (url, { method, key }) => url.hasMethodParameter(textOf(method), textOf(key)),
};

const operations: Readonly<Record<string, (url: ServiceUrl, args: Vector[]) => unknown>> = {
  setProtocol: (url, [protocol]) => url.withProtocol(textOf(protocol)),
  setUsername: (url, [username]) => url.withUsername(textOf(username)),
  setPassword: (url, [password]) => url.withPassword(textOf(password)),
  setHost: (url, [host]) => url.withHost(host),
  setPort: (url, [port]) => url.withPort(port),
  setPath: (url, [path]) => url.withPath(path),
  setAddress: (url, [address]) => url.withAddress(address),
  setServiceInterface: (url, [name]) => url.withServiceInterface(name),
  addParameter: (url, [key, value]) => url.addParameter(key, value),
  addParameterAndEncoded: (url, [key, value]) => url.addParameterAndEncoded(key, value),
  addParameterIfAbsent: (url, [key, value]) => url.addParameterIfAbsent(key, value),
  addParameters: (url, pairs) => url.addParameters(...pairs),
  addParametersMap: (url, [record]) => url.addParameters(record),
  addParametersIfAbsent: (url, [record]) => url.addParametersIfAbsent(record),
  addParameterString: (url, [query]) => url.addParameterString(query),
  removeParameter: (url, [key]) => url.removeParameter(key),
  removeParameters: (url, keys) => url.removeParameters(...keys),
  clearParameters: (url) => url.clearParameters(),
  'toString(a)': (url, names) => url.toString(...names),
  'toFullString(b)': (url, names) => url.toFullString(...names),
  'toFullString(zz)': (url, names) => url.toFullString(...names),
  toFullString: (url) => url.toFullString(),
  getRawParameter: (url, [name]) => url.getRawParameter(name),
  getParameter: (url, [key]) => url.getParameter(key),
  toMap: (url) => Object.fromEntries(url.toMap()),
};
