/** How much the browser would still store. */
import { MemoryCaches } from './caches';

/** Bytes; null where the browser does not say, or where downloads are held in memory. */
export async function freeBytes(storage?: Pick<StorageManager, 'estimate'>): Promise<number | null> {
  if (globalThis.caches instanceof MemoryCaches) return null;
  try {
    const { quota, usage = 0 } = await (storage ?? navigator.storage).estimate();
    return quota === undefined ? null : Math.max(0, quota - usage);
  } catch {
    return null;
  }
}
