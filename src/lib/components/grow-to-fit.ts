import type { Attachment } from 'svelte/attachments';

/**
 * As high as its words, up to its `max-height`, where CSS can't make it so: `field-sizing` is of Chrome 123 and not of Firefox.
 * @param words of the field: when they change, it is measured anew
 */
export function growToFit(words: string): Attachment<HTMLTextAreaElement> {
  return (field) => {
    if (CSS.supports('field-sizing', 'content')) return;
    field.style.height = 'auto';
    if (words) field.style.height = `${field.scrollHeight}px`;
  };
}
