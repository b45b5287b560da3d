import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { Viewers } from '../../src/inspect/viewers.js';

/** A page that reads nothing: what it is told waits. */
class LazyPage extends EventEmitter {
  writableLength = 0;
  destroyed = false;
  writeHead(): void {}
  write(text: string): void {
    this.writableLength += text.length;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

test('a page that does not read is told no more, and everything anew when it reads again', () => {
  const viewers = new Viewers();
  const page = new LazyPage();
  viewers.add(page as unknown as ServerResponse);
  const [viewer] = viewers.ready();
  if (viewer === undefined) throw new Error('a page that is just opened can be told');
  viewer.isNew = false;
  for (let count = 0; count < 100 && viewers.ready().length > 0; count += 1)
    viewer.tell('timeline', 'x'.repeat(1024 * 1024));
  expect(page.writableLength / 1024 / 1024).toBeLessThan(6);
  expect(viewer.isNew).toBe(true);
  page.writableLength = 0;
  expect(viewers.ready()).toEqual([viewer]);
  page.destroy();
  expect(viewers.size).toBe(0);
});
