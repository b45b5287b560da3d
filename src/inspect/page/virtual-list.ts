/** A list of rows of equal height of which only the visible ones exist, so that ten thousand cost as much as fifty. */
import { coalesced, h } from './dom.js';

export interface VirtualList<Row> {
  show(rows: readonly Row[]): void;
  /** Draws the visible rows again. */
  redraw(): void;
  /** Brings a row into view. */
  reveal(index: number): void;
  /** True when the last row is in view. */
  readonly isAtEnd: boolean;
  toEnd(): void;
}

/** Rows beyond the edges that are drawn already, so that scrolling shows no gaps. */
const spareRows = 12;

export function virtualList<Row>(
  scroller: HTMLElement,
  rowHeight: number,
  draw: (row: Row, index: number) => HTMLElement,
): VirtualList<Row> {
  const space = h('div', { class: 'space' });
  const window = h('div', { class: 'window' });
  space.append(window);
  scroller.append(space);
  let rows: readonly Row[] = [];
  const render = (): void => {
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - spareRows);
    const count = Math.ceil(scroller.clientHeight / rowHeight) + 2 * spareRows;
    window.style.transform = `translateY(${first * rowHeight}px)`;
    window.replaceChildren(...rows.slice(first, first + count).map((row, index) => draw(row, first + index)));
  };
  const redraw = coalesced(render);
  scroller.addEventListener('scroll', redraw, { passive: true });
  new ResizeObserver(redraw).observe(scroller);
  return {
    show: (next) => {
      rows = next;
      space.style.height = `${rows.length * rowHeight}px`;
      redraw();
    },
    redraw,
    reveal: (index) => {
      const [top, bottom] = [index * rowHeight, (index + 1) * rowHeight - scroller.clientHeight];
      scroller.scrollTop = Math.min(top, Math.max(bottom, scroller.scrollTop));
    },
    get isAtEnd() {
      return scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - rowHeight;
    },
    toEnd: () => {
      scroller.scrollTop = scroller.scrollHeight;
    },
  };
}
