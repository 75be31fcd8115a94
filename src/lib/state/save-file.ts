/** Hands a file to the visitor. */
import type { SavedFile } from './vector-files';

export function saveFile({ bytes, name }: SavedFile): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
