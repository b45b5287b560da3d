/**
 * Moves and scales a picture. It is shown whole if one can read it then; else so that what matters is in view, and it
 * follows that until somebody drags it. It zooms around the pointer; a double click shows it whole.
 */

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Zoom {
  /** Brings these areas into view, if the picture is too large to be shown whole. */
  show(areas: readonly Area[]): void;
}

const scaleMin = 0.1;
const scaleMax = 2.5;
/** Below this nobody can read it. */
const scaleLegible = 0.72;
const margin = 16;

interface View {
  scale: number;
  left: number;
  top: number;
}

export function zoomable(
  picture: SVGElement,
  stage: SVGElement,
  size: { readonly width: number; readonly height: number },
): Zoom {
  const view: View = { scale: 1, left: 0, top: 0 };
  let areas: readonly Area[] = [];
  let isTouched = false;
  const apply = (next: View): void => {
    Object.assign(view, next);
    stage.classList.toggle('still', isTouched);
    stage.style.transform = `translate(${view.left}px, ${view.top}px) scale(${view.scale})`;
  };
  const refresh = (): void => {
    if (!isTouched) apply(bestView(picture.getBoundingClientRect(), size, areas));
  };
  const zoom = (event: WheelEvent): void => {
    event.preventDefault();
    isTouched = true;
    apply(zoomedAt(picture.getBoundingClientRect(), event, view));
  };
  picture.addEventListener('wheel', zoom, { passive: false });
  picture.addEventListener('pointerdown', (event) => picture.setPointerCapture(event.pointerId));
  picture.addEventListener('pointermove', (event) => {
    if (event.buttons !== 1) return;
    isTouched = true;
    apply({ ...view, left: view.left + event.movementX, top: view.top + event.movementY });
  });
  picture.addEventListener('dblclick', () => {
    isTouched = !isTouched;
    if (isTouched) apply(wholeView(picture.getBoundingClientRect(), size));
    else refresh();
  });
  new ResizeObserver(refresh).observe(picture);
  const show = (next: readonly Area[]): void => {
    areas = next;
    refresh();
  };
  return { show };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function wholeView(window: Size, size: Size): View {
  const scale = Math.min(
    1.15,
    (window.width - 2 * margin) / size.width,
    (window.height - 2 * margin) / size.height,
  );
  return {
    scale,
    left: (window.width - size.width * scale) / 2,
    top: (window.height - size.height * scale) / 2,
  };
}

function bestView(window: Size, size: Size, areas: readonly Area[]): View {
  const all = wholeView(window, size);
  if (all.scale >= scaleLegible || areas.length === 0) return all;
  const [left, right] = [
    Math.min(...areas.map(({ x }) => x)),
    Math.max(...areas.map(({ x, width }) => x + width)),
  ];
  const [top, bottom] = [
    Math.min(...areas.map(({ y }) => y)),
    Math.max(...areas.map(({ y, height }) => y + height)),
  ];
  const spread = Math.min((window.width - 80) / (right - left), (window.height - 80) / (bottom - top));
  const scale = Math.max(all.scale, Math.min(scaleLegible, spread));
  return {
    scale,
    left: within(window.width / 2 - ((left + right) / 2) * scale, window.width, size.width * scale),
    top: within(window.height / 2 - ((top + bottom) / 2) * scale, window.height, size.height * scale),
  };
}

/** No more empty space at an edge than there has to be. */
function within(offset: number, window: number, length: number): number {
  const space = window - length;
  return space > 0 ? space / 2 : Math.min(margin, Math.max(space - margin, offset));
}

function zoomedAt(corner: DOMRect, event: WheelEvent, { scale, left, top }: View): View {
  const [x, y] = [event.clientX - corner.left, event.clientY - corner.top];
  const next = Math.min(scaleMax, Math.max(scaleMin, scale * Math.exp(-event.deltaY * 0.0015)));
  return { scale: next, left: x - ((x - left) * next) / scale, top: y - ((y - top) * next) / scale };
}
