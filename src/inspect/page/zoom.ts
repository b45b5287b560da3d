/** Moves and scales a picture: it fits at first, is dragged, and zooms around the pointer. */

const scaleMin = 0.1;
const scaleMax = 2.5;

export function zoomable(
  picture: SVGElement,
  stage: SVGElement,
  size: { readonly width: number; readonly height: number },
): void {
  let [scale, left, top] = [1, 0, 0];
  let isTouched = false;
  const apply = (): void => {
    stage.setAttribute('transform', `translate(${left} ${top}) scale(${scale})`);
  };
  const fit = (): void => {
    const { width, height } = picture.getBoundingClientRect();
    if (width === 0) return;
    scale = Math.min(1.15, (width - 32) / size.width, (height - 32) / size.height);
    left = (width - size.width * scale) / 2;
    top = (height - size.height * scale) / 2;
    apply();
  };
  picture.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      isTouched = true;
      const corner = picture.getBoundingClientRect();
      const [x, y] = [event.clientX - corner.left, event.clientY - corner.top];
      const next = Math.min(scaleMax, Math.max(scaleMin, scale * Math.exp(-event.deltaY * 0.0015)));
      left = x - ((x - left) * next) / scale;
      top = y - ((y - top) * next) / scale;
      scale = next;
      apply();
    },
    { passive: false },
  );
  picture.addEventListener('pointerdown', (event) => {
    picture.setPointerCapture(event.pointerId);
    isTouched = true;
  });
  picture.addEventListener('pointermove', (event) => {
    if (event.buttons !== 1) return;
    left += event.movementX;
    top += event.movementY;
    apply();
  });
  picture.addEventListener('dblclick', () => {
    isTouched = false;
    fit();
  });
  new ResizeObserver(() => {
    if (!isTouched) fit();
  }).observe(picture);
  fit();
}
