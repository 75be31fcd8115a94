import { describe, expect, it } from 'vitest';
import { encodeSafetensors, parseHeader } from '../../../src/lib/formats/safetensors';
import { parseConfig } from '../../../src/lib/llama/config';
import { checkTensors } from '../../../src/lib/llama/tensors';
import { tinyConfig, tinyTensors } from './tiny-model';

describe('checkTensors', () => {
  const config = parseConfig(tinyConfig);
  const bytes = encodeSafetensors([
    ...tinyTensors(),
    { name: 'rotary_emb.inv_freq', shape: [1], data: new Float32Array(1) },
  ]);
  const { tensors } = parseHeader(bytes, 'm.safetensors', bytes.length);
  const name = 'model.layers.1.mlp.up_proj.weight';

  it('keeps what the forward pass reads', () => {
    const checked = checkTensors(tensors, config);
    expect(checked.size).toBe(20);
    expect(checked.has('rotary_emb.inv_freq')).toBe(false);
    expect(checkTensors(tensors, config, new Set([name])).size).toBe(1);
  });

  it.each([
    [undefined, `Tensor ${name} is missing.`],
    [{ shape: [8, 12] }, `Tensor ${name} has shape [8,12] in m.safetensors, config.json calls for [12,8].`],
    [{ dtype: 'I8' }, `Tensor ${name} has dtype I8 in m.safetensors; F32, F16 and BF16 can be read.`],
  ])('refuses %j', (change, message) => {
    const changed = new Map(tensors);
    if (change) changed.set(name, { ...tensors.get(name)!, ...change });
    else changed.delete(name);
    expect(() => checkTensors(changed, config)).toThrow(expect.objectContaining({ name: 'BadModel', message }));
  });

  it('does not mind the dtype of a tensor it does not read', () => {
    const other = new Map(tensors).set('extra', { ...tensors.get(name)!, name: 'extra', dtype: 'I64' });
    expect(checkTensors(other, config).size).toBe(20);
  });
});
