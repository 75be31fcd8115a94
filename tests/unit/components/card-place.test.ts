import { expect, it } from 'vitest';
import { placeCard } from '../../../src/lib/components/card-place';

const card = { width: 200, height: 40 };
const phone = { left: 16, top: 48, right: 374, bottom: 600 };
const piece = (left: number, top: number) => ({ left, right: left + 30, top, bottom: top + 20 });

it.each<[string, ReturnType<typeof piece>, { left: number; top: number }]>([
  ['in the middle it stands over the text', piece(180, 300), { left: 95, top: 254 }],
  ['at the left edge it begins there', piece(16, 300), { left: 16, top: 254 }],
  ['at the right edge it ends there', piece(344, 300), { left: 174, top: 254 }],
  ['where there is no room above it stands under the text', piece(180, 60), { left: 95, top: 86 }],
  ['where it just has room it stands over it', piece(180, 94), { left: 95, top: 48 }],
])('%s', (_, at, place) => {
  expect(placeCard(at, phone, card)).toEqual(place);
});

it('a card as wide as what is seen begins at its left edge', () => {
  expect(placeCard(piece(300, 300), phone, { width: 358, height: 60 }).left).toBe(16);
  expect(placeCard(piece(300, 300), phone, { width: 400, height: 60 }).left).toBe(16);
});
