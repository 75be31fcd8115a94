/** Focus that is not lost with the control that had it: pressed, many vanish or can't be pressed again. */
import type { Attachment } from 'svelte/attachments';

/** What a hand with a keyboard can be put on. */
const focusable = ['a[href]', 'button', 'input', 'select', 'textarea', '[tabindex="0"]']
  .map((kind) => `${kind}:not(:disabled, [tabindex="-1"])`)
  .join(', ');

/**
 * Where a control inside vanishes or is disabled while it has the focus, another one gets it: first of the group (`role="group"`) it was
 * in, then `target`, then the first that is near. On a touch screen a field is passed over, for a keyboard would cover the page.
 *
 * @param target where the focus is of most use; default: only near the control
 */
export function keepFocus(target?: () => HTMLElement | null): Attachment<HTMLElement> {
  return (root) => {
    /** The control that has the focus, and what it is in, from the inside out. */
    let path: Element[] = [];

    const note = ({ target: control }: FocusEvent) => {
      path = [];
      for (let one = control as Element | null; one && root.contains(one); one = one.parentElement) path.push(one);
    };
    /** The hand went elsewhere. */
    const forget = () =>
      queueMicrotask(() => path[0] && isUsable(path[0]) && document.activeElement !== path[0] && (path = []));

    const mend = () => {
      const [control] = path;
      if (!control || isUsable(control)) return;
      const now = document.activeElement;
      const around = path.slice(1).filter((one) => one.isConnected);
      path = [];
      if (now !== null && now !== document.body && now !== control) return;
      const group = around.find((one) => one.getAttribute('role') === 'group');
      const near = [...(group ? [firstIn(group)] : []), target?.(), ...around.map(firstIn), firstIn(root)];
      const isTouch = matchMedia('(pointer: coarse)').matches;
      near.find((one) => one && !(isTouch && one.matches('input, textarea')))?.focus({ preventScroll: true });
    };

    const observer = new MutationObserver(mend);
    observer.observe(root, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ['disabled', 'hidden'],
    });
    root.addEventListener('focusin', note);
    root.addEventListener('focusout', forget);
    return () => {
      observer.disconnect();
      root.removeEventListener('focusin', note);
      root.removeEventListener('focusout', forget);
    };
  };
}

function isUsable(control: Element): boolean {
  return control.isConnected && !control.matches(':disabled');
}

function firstIn(part: Element): HTMLElement | null {
  return [...part.querySelectorAll<HTMLElement>(focusable)].find((one) => one.offsetParent !== null) ?? null;
}
