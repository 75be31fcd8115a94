/** A window that goes to another screen, or whose zoom changes, has other pixels under the same size: no ResizeObserver tells of it. */

/**
 * Calls back whenever `devicePixelRatio` has changed.
 * @returns ends the watch
 */
export function watchPixelRatio(onChange: () => void): () => void {
  let query: MediaQueryList;
  const arm = () => {
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener('change', change, { once: true });
  };
  const change = () => {
    arm();
    onChange();
  };
  arm();
  return () => query.removeEventListener('change', change);
}
