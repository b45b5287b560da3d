/** Shows plain values as a tree that can be folded. */
import { h } from './dom.js';

/** Deeper levels begin folded, and so do long lists inside others. */
const openDepth = 2;
const openItemsMax = 12;

export function valueTree(
  value: unknown,
  isOpen: (path: string) => boolean | undefined,
  path = '',
  depth = 0,
): HTMLElement {
  if (typeof value !== 'object' || value === null) return leaf(value as Leaf);
  const entries = Object.entries(value);
  const [before, after] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) return h('span', { class: 'nothing' }, before + after);
  const chosen = isOpen(path) ?? (depth === 0 || (depth < openDepth && entries.length <= openItemsMax));
  const summary = h('summary', {}, h('span', { class: 'count' }, `${before}${entries.length}${after}`));
  const details = h('details', { open: chosen, 'data-path': path }, summary);
  for (const [name, each] of entries) {
    details.append(
      h(
        'div',
        { class: 'field' },
        h('span', { class: 'key' }, name),
        valueTree(each, isOpen, `${path}/${name}`, depth + 1),
      ),
    );
  }
  return details;
}

/** What JSON has besides lists and objects. */
type Leaf = string | number | boolean | null | undefined;

function leaf(value: Leaf): HTMLElement {
  if (value === null || value === undefined) return h('span', { class: 'nothing' }, 'null');
  const isHidden = value === '***';
  return h(
    'span',
    { class: isHidden ? 'secret' : typeof value, title: isHidden ? 'a secret' : undefined },
    String(value),
  );
}
