/** Where a card about a piece of text stands: over it, under it where there is no room, and inside what is seen. */

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const gap = 6;

/**
 * @param piece the text that it is about
 * @param view what is seen: on either side the card stays inside
 * @param card its own size
 * @returns its left and top, in the same pixels
 */
export function placeCard(
  piece: Box,
  view: Box,
  card: { width: number; height: number },
): { left: number; top: number } {
  const centre = (piece.left + piece.right) / 2;
  const left = Math.max(view.left, Math.min(view.right - card.width, centre - card.width / 2));
  const over = piece.top - gap - card.height;
  return { left, top: over >= view.top ? over : piece.bottom + gap };
}

/** What is seen of an element: the window, and what scrolls it. */
export function viewOf(element: HTMLElement): Box {
  const view = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  for (let one = element.parentElement; one; one = one.parentElement) {
    if (getComputedStyle(one).overflowY === 'visible') continue;
    const { left, top, right, bottom } = one.getBoundingClientRect();
    view.left = Math.max(view.left, left);
    view.top = Math.max(view.top, top);
    view.right = Math.min(view.right, right);
    view.bottom = Math.min(view.bottom, bottom);
  }
  return view;
}
