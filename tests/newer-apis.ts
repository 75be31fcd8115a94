/** What browsers have only since a version after Chrome 113, the oldest that the README promises: static methods, then others. */
export const newerStatics = [
  'AbortSignal.any',
  'Array.fromAsync',
  'Error.isError',
  'Map.groupBy',
  'Math.f16round',
  'Object.groupBy',
  'Promise.try',
  'Promise.withResolvers',
  'ReadableStream.from',
  'RegExp.escape',
  'URL.canParse',
  'URL.parse',
  'Uint8Array.fromBase64',
  'Uint8Array.fromHex',
] as const;

const newerMembers = [
  'ArrayBuffer.prototype.transfer',
  'Atomics.pause',
  'Blob.prototype.bytes',
  'Document.prototype.moveBefore',
  'Element.prototype.setHTMLUnsafe',
  'Element.prototype.moveBefore',
  'Float16Array',
  'GPUAdapter.prototype.info',
  'GPUDevice.prototype.adapterInfo',
  'HTMLElement.prototype.showPopover',
  'HTMLElement.prototype.togglePopover',
  'Iterator',
  'ReadableStream.prototype.values',
  'Response.prototype.bytes',
  'Uint8Array.prototype.toBase64',
  'Uint8Array.prototype.toHex',
  'scheduler',
  ...['difference', 'intersection', 'isDisjointFrom', 'isSubsetOf', 'isSupersetOf', 'symmetricDifference', 'union'].map(
    (name) => `Set.prototype.${name}`,
  ),
];

/**
 * Makes the browser it runs in as old as Chrome 113: what is newer is gone, iterators' own methods and CSS with it, and an adapter is
 * asked for its description as it was then. Page and worker run it before anything else.
 */
export const growOld = `
for (const path of ${JSON.stringify([...newerStatics, ...newerMembers])}) {
  const names = path.split('.');
  const last = names.pop();
  const owner = names.reduce((found, name) => found?.[name], globalThis);
  if (path === 'Iterator' && globalThis.Iterator)
    for (const name of ['map', 'filter', 'take', 'drop', 'flatMap', 'reduce', 'toArray', 'forEach', 'some', 'every', 'find'])
      delete Iterator.prototype[name];
  if (path === 'GPUAdapter.prototype.info' && owner) {
    const { get } = Object.getOwnPropertyDescriptor(owner, last);
    owner.requestAdapterInfo = async function () { return get.call(this); };
  }
  if (owner) delete owner[last];
}
if (globalThis.ReadableStream) delete ReadableStream.prototype[Symbol.asyncIterator];
if (globalThis.CSS) {
  const supports = CSS.supports.bind(CSS);
  CSS.supports = (...asked) => !/field-sizing/.test(asked[0]) && supports(...asked);
}
`;
