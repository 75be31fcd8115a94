/** Connections to IndexedDB that fail in time, and let go when somebody else wants the database deleted. */
import type { UseStore } from 'idb-keyval';
import { inTime } from './patience';

/** For `idb-keyval`. The database is opened when it is first used, made if it is new, and opened again if it was closed under us. */
export function openStore(database: string, store: string): UseStore {
  let opened: Promise<IDBDatabase> | null = null;
  const connect = () =>
    (opened ??= open(database, (request) => request.result.createObjectStore(store)).then(
      (connection) => {
        connection.onclose = connection.onversionchange = () => {
          opened = null;
          connection.close();
        };
        return connection;
      },
      (cause) => {
        opened = null;
        throw cause;
      },
    ));
  return async (mode, callback) => {
    const run = async () => callback((await connect()).transaction(store, mode).objectStore(store));
    try {
      return await run();
    } catch (cause) {
      if (!['InvalidStateError', 'AbortError'].includes((cause as Error).name)) throw cause;
      opened = null;
      return run();
    }
  };
}

/** A connection for reading; null where there is no such database. None is made. */
export async function openExisting(database: string): Promise<IDBDatabase | null> {
  let isNew = false;
  try {
    return await open(database, (request) => {
      isNew = true;
      request.transaction!.abort();
    });
  } catch (cause) {
    if (isNew) return null;
    throw cause;
  }
}

/** Gone, or never there. Waits for connections of other tabs, which close when they are asked to. */
export async function deleteDatabase(database: string): Promise<void> {
  const gone = new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase(database);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
  await inTime(gone, database, 10_000);
}

/** @throws whatever the browser throws, or `TimeoutError` */
async function open(database: string, onNew: (request: IDBOpenDBRequest) => void): Promise<IDBDatabase> {
  const opening = new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(database);
    request.onupgradeneeded = () => onNew(request);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  try {
    return await inTime(opening, database);
  } catch (cause) {
    // Nobody waits any more for one that opens late.
    opening.then(
      (connection) => connection.close(),
      () => undefined,
    );
    throw cause;
  }
}
