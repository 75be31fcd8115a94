/**
 * Keys of an input method (Japanese, Chinese, Korean, dead keys): they choose and confirm the word that is being composed, so
 * nothing of the page answers to them. Escape there takes back the word, not the edit; Enter there takes the word, and sends nothing.
 */

/** What a browser without `isComposing` calls every key that the input method has taken. */
const taken = 229;

/** Safari tells of the Enter that confirms a word after the composition has ended: then only its key code says so. */
export const isComposing = (event: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>): boolean =>
  event.isComposing || event.keyCode === taken;

/** Of the window, as the first to hear a key: those of an input method reach no handler, neither of ours nor of a library. */
export function keepFromHandlers(event: KeyboardEvent): void {
  if (isComposing(event)) event.stopPropagation();
}
