/** The words and numbers Dubbo 2.7.1 uses on the wire and in configuration. Values only; rules live elsewhere. */

/** The categories of a service, in the order in which `category=*` expands to them. */
export const categories = ['providers', 'consumers', 'routers', 'configurators'] as const;

export const providersCategory = 'providers';
export const routersCategory = 'routers';
export const configuratorsCategory = 'configurators';

/** Matches everything where a pattern is allowed: an interface, a group, a version, a category. */
export const anyValue = '*';

export const dubboProtocol = 'dubbo';
export const emptyProtocol = 'empty';
export const overrideProtocol = 'override';
export const routeProtocol = 'route';
export const etcdProtocol = 'etcd3';

export const anyHost = '0.0.0.0';

/** The root of all keys where the registry URL names no group. */
export const defaultRoot = 'dubbo';

/** The interface under which a registry itself is known, in its URL and in the key of the registry cache. */
export const registryServiceName = 'org.apache.dubbo.registry.RegistryService';

/** The port Dubbo gives an address without one. */
export const dubboRegistryPort = 9090;

/** The port we give an etcd address without one. */
export const etcdPort = 2379;

/** The default of the `session` parameter, in milliseconds: the lease's TTL. */
export const sessionMsDefault = 30_000;

/** The default of `dubbo.service.shutdown.wait`, in milliseconds. */
export const shutdownWaitMsDefault = 10_000;
