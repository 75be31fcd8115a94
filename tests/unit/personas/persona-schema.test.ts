import { describe, expect, it } from 'vitest';
import { parsePersonaSpace } from '../../../src/lib/personas/persona-schema';
import { smallSpace } from './small-space';

describe('personas.json', () => {
  it('is accepted as written', () => {
    const space = smallSpace();
    expect(parsePersonaSpace(JSON.parse(JSON.stringify(space)))).toEqual(space);
  });

  it.each<[string, (space: ReturnType<typeof smallSpace>) => unknown]>([
    ['format', (space) => ({ ...space, format: 'personascope/personas@2' })],
    ['modelDigest', (space) => ({ ...space, modelDigest: 'none' })],
    ['it', () => 3],
    ['axis.norm has 2 values for 3 layers', (space) => ({ ...space, axis: { ...space.axis, norm: [1, 2] } })],
    ['axis.norm.1', (space) => ({ ...space, axis: { ...space.axis, norm: [1, 0, 2] } })],
    ['personas.0.norm has 1 values', (space) => ({ ...space, personas: [{ ...space.personas[0], norm: [1] }] })],
    ['personas.0.name', (space) => ({ ...space, personas: [{ ...space.personas[0], name: 'role:x' }] })],
    ['layer 3 is not one of 0 to 2', (space) => ({ ...space, targetLayer: 3 })],
    ['cap.floor has no value for layer 2', (space) => ({ ...space, cap: { ...space.cap, floor: { 1: 0 } } })],
    ['cap.norm has 1 values for 3 layers', (space) => ({ ...space, cap: { ...space.cap, norm: [1] } })],
    ['cap.positions', (space) => ({ ...space, cap: { ...space.cap, positions: 'last' } })],
    ['the name demon is there twice', (space) => ({ ...space, roles: [space.roles[0], space.roles[0]] })],
  ])('is refused: %s', (message, change) => {
    expect(() => parsePersonaSpace(change(smallSpace()))).toThrow(
      expect.objectContaining({ name: 'BadModel', message: expect.stringContaining(message) }),
    );
  });
});
