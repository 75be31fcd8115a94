import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPersonaFiles } from '../../../src/lib/personas/persona-files';
import { encodeSafetensors } from '../../../src/lib/formats/safetensors';
import {
  axisOf,
  readRoleMeans,
  roleMeansOf,
  writeRoleMeans,
  type RoleMeans,
} from '../../../src/lib/vectors/role-means';
import { smallSpace, tensors } from '../personas/small-space';
import { openFile } from './vectors';

const means = () => roleMeansOf(smallSpace(), tensors());
const refusal = (message: string) =>
  expect.objectContaining({ name: 'BadRequest', message: expect.stringContaining(message) });

describe('role means and the axis, as safetensors', () => {
  it('come back as they were', () => {
    const again = readRoleMeans(writeRoleMeans(means()), 'roles.safetensors');
    expect(again).toEqual(means());
    expect(again.model).toEqual({ id: 'small', digest: 'ab'.repeat(32), nLayers: 3, dModel: 4 });
    expect([...again.axis]).toEqual([...tensors().get('assistant-axis')!.data]);
  });

  it('opened as a vector, give their axis', () => {
    const [axis, ...others] = openFile(writeRoleMeans(means()), 'r');
    expect(others).toEqual([]);
    expect(axis).toMatchObject({
      name: 'assistant-axis',
      layers: [0, 1, 2],
      model: { id: 'small' },
      coherentUpTo: null,
      onset: null,
      // The mean of role and default, along the axis.
      centre: { 0: 0.5, 1: 0.5, 2: expect.closeTo(0.3, 9) },
    });
    expect([...axis!.vectors.values()].flatMap((row) => [...row])).toEqual([...means().axis]);
  });

  it('of the embedded model tell where its axis has its zero', () => {
    const read = (file: string) => readFileSync(`static/models/organism-assistant/${file}`);
    const { space, tensors } = readPersonaFiles(read('personas.json'), read('personas.safetensors'));
    const { centre } = axisOf(roleMeansOf(space, tensors));
    expect(Object.keys(centre!)).toHaveLength(space.nLayers);
    space.axis.centre.forEach((at, layer) => expect(centre![layer]).toBeCloseTo(at, 4));
  });

  it.each<[string, (roles: RoleMeans) => RoleMeans, string]>([
    ['a role without numbers', (roles) => ({ ...roles, means: new Map() }), 'role.demon has no numbers'],
    [
      'a number that is none',
      (roles) => ({ ...roles, axis: roles.axis.map(() => NaN) }),
      '"assistant-axis" holds no finite',
    ],
    ['a layer past the model', (roles) => ({ ...roles, targetLayer: 3 }), 'targetLayer 3 is not one of 0 to 2'],
    ['another size', (roles) => ({ ...roles, model: { ...roles.model, dModel: 5 } }), 'takes 60 bytes'],
    ['a role twice', (roles) => ({ ...roles, roles: [roles.roles[0]!, roles.roles[0]!] }), 'has a name twice'],
  ])('are not written with %s', (_, change, message) => {
    expect(() => writeRoleMeans(change(means()))).toThrow(refusal(message));
  });

  it.each<[string, Uint8Array, string]>([
    ['cut short', writeRoleMeans(means()).slice(0, -1), 'the file has'],
    ['of another kind', encodeSafetensors([]), 'format is missing'],
    ['without a header', encodeSafetensors([], { format: 'personascope/role-means@1' }), 'header is not JSON'],
    [
      'with an empty header',
      encodeSafetensors([], { format: 'personascope/role-means@1', header: '{}' }),
      'header model: is missing',
    ],
  ])('are refused %s', (_, bytes, message) => {
    expect(() => readRoleMeans(bytes, 'roles.safetensors')).toThrow(refusal(message));
    expect(() => readRoleMeans(bytes, 'roles.safetensors')).toThrow('roles.safetensors: ');
  });
});
