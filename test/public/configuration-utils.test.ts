/** The tests of Dubbo's ConfigurationUtilsTest under their names; a system property of Java is a source here. */
import { expect, test } from 'vitest';
import { getProperty, getServerShutdownTimeout, parseProperties } from '../../src/config.js';

const wait = 'dubbo.service.shutdown.wait';

test('testGetServerShutdownTimeout: takes the milliseconds, whatever blanks are around them', () => {
  expect(getServerShutdownTimeout([{ [wait]: ' 10000' }])).toBe(10_000);
  expect(getServerShutdownTimeout([{ [wait]: ' 2500' }])).toBe(2_500);
  expect(getServerShutdownTimeout([{ [`${wait}.seconds`]: '3' }])).toBe(3_000);
  expect(getServerShutdownTimeout([{ [wait]: 'soon' }])).toBe(10_000);
  expect(getServerShutdownTimeout([])).toBe(10_000);
});

test('testGetProperty: trims what it finds', () => {
  expect(getProperty([{ [wait]: ' 10000' }], wait)).toBe('10000');
});

test('testParseSingleProperties: reads one entry', () => {
  expect({ ...parseProperties('aaa=bbb') }).toEqual({ aaa: 'bbb' });
});

test('testParseMultipleProperties: reads one entry a line', () => {
  expect({ ...parseProperties('aaa=bbb\nccc=ddd') }).toEqual({ aaa: 'bbb', ccc: 'ddd' });
});

test('testEscapedNewLine: takes an escaped backslash for one backslash, and no line ends there', () => {
  const text = String.raw`dubbo.registry.address=zookeeper://127.0.0.1:2181\\ndubbo.protocol.port=20880`;
  expect({ ...parseProperties(text) }).toEqual({
    'dubbo.registry.address': String.raw`zookeeper://127.0.0.1:2181\ndubbo.protocol.port=20880`,
  });
});
