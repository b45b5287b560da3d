/** Metrics of a registry for OpenTelemetry. Needs `@opentelemetry/api`, an optional peer dependency; names in docs/metrics.md. */
export { type MetricsOptions, startMetrics } from './metrics.js';
