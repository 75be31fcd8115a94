import { describe, expect, it } from 'vitest';
import { encodeTensors, readPersonaFiles, writePersonaFiles } from '../../../src/lib/personas/persona-files';
import { smallSpace, tensors } from './small-space';

const bytes = (text: string) => new TextEncoder().encode(text);
const refusal = (message: string) =>
  expect.objectContaining({ name: 'BadModel', message: expect.stringContaining(message) });

describe('the files of a persona space', () => {
  const files = writePersonaFiles({ space: smallSpace(), tensors: tensors() });

  it('read back as they were written', () => {
    const { space, tensors: read } = readPersonaFiles(bytes(files.json), files.safetensors);
    expect(space).toEqual(smallSpace());
    expect(new Map(read)).toEqual(tensors());
  });

  it('may hold tensors that the space does not name', () => {
    const more = tensors().set('persona.other', { shape: [1], data: Float32Array.of(1) });
    const { tensors: read } = readPersonaFiles(bytes(files.json), encodeTensors(more));
    expect(read.has('persona.other')).toBe(false);
  });

  it('are refused by file and reason when they are damaged', () => {
    expect(() => readPersonaFiles(bytes('{'), files.safetensors)).toThrow(refusal('it is not JSON'));
    expect(() => readPersonaFiles(bytes('[]'), files.safetensors)).toThrow(refusal("personas.json can't be used"));
    expect(() => readPersonaFiles(bytes(files.json), files.safetensors.subarray(0, -4))).toThrow(
      refusal('personas.safetensors'),
    );
    const fewer = tensors();
    fewer.delete('role.demon');
    expect(() => readPersonaFiles(bytes(files.json), encodeTensors(fewer))).toThrow(
      refusal('tensor role.demon is missing'),
    );
  });

  it('are not written if they could not be read', () => {
    const broken = tensors();
    broken.get('default')!.data[3] = NaN;
    expect(() => writePersonaFiles({ space: smallSpace(), tensors: broken })).toThrow(
      refusal('default holds no finite'),
    );
  });
});
