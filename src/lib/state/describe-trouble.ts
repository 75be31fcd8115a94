/** What the visitor is told of storage that does not keep. */
import { databases, downloads, settings } from '../storage/stored';
import type { StorageTrouble } from '../storage/trouble';

/** Together they stand for everything. */
const all: string[] = [settings, databases.personascope.what, downloads];

/** Null: all is well. */
export function describeTroubles(troubles: readonly StorageTrouble[]): string | null {
  const of = (kind: StorageTrouble['kind']) =>
    troubles.filter((trouble) => trouble.kind === kind).map(({ what }) => what);
  const [refused, full] = [of('refused'), of('full')];
  const sentences: string[] = [];
  if (all.every((what) => refused.includes(what))) {
    sentences.push(
      'This browser keeps nothing for this page: its storage is blocked. Everything works until you close it; ' +
        'chats, vectors and downloaded models are then gone.',
    );
  } else if (refused.length) {
    sentences.push(`This browser does not keep ${list(refused)} for this page: they are gone when you close it.`);
  }
  if (full.length) {
    sentences.push(
      `This browser has no room for ${list(full)}: what is new is gone when you close the page. ` +
        'Delete a downloaded model, or free disk space.',
    );
  }
  return sentences.join(' ') || null;
}

/** "a", "a and b", "a, b and c". */
function list(names: readonly string[]): string {
  return [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' and ');
}
