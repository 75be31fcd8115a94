import { readdirSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { embeddedModels } from '../../../src/lib/downloads/embedded-models';

test.each(embeddedModels)('$id says how many bytes its folder has', ({ id, bytes }) => {
  const folder = `static/models/${id}`;
  expect(bytes).toBe(readdirSync(folder).reduce((sum, file) => sum + statSync(`${folder}/${file}`).size, 0));
});

test('the model that loads first is at most 8 MB, both together at most 24 MB', () => {
  expect(embeddedModels[0]!.bytes).toBeLessThanOrEqual(8e6);
  expect(embeddedModels.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(24e6);
});
