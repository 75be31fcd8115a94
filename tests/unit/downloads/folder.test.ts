import { describe, expect, it } from 'vitest';
import { describeFolder } from '../../../src/lib/worker/open-model';
import { resolveFolder } from '../../../src/lib/downloads/folder';

const hub = 'https://huggingface.co/Qwen/Qwen3-0.6B/resolve';

describe('a folder', () => {
  it.each([
    ['https://models.test/tiny', 'https://models.test/tiny/config.json'],
    ['https://models.test/tiny/', 'https://models.test/tiny/config.json'],
    ['https://models.test/tiny/?key=1#top', 'https://models.test/tiny/config.json?key=1'],
    ['https://models.test/tiny/model.safetensors?key=1', 'https://models.test/tiny/config.json?key=1'],
    ['https://models.test/v1.5/tree/main', 'https://models.test/v1.5/tree/main/config.json'],
    ['https://huggingface.co/Qwen/Qwen3-0.6B', `${hub}/main/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/', `${hub}/main/config.json`],
    ['huggingface.co/Qwen/Qwen3-0.6B', `${hub}/main/config.json`],
    ['https://hf.co/Qwen/Qwen3-0.6B?library=transformers', `${hub}/main/config.json`],
    ['https://hf.co/Qwen/Qwen3-0.6B/resolve/main/sub', `${hub}/main/sub/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/resolve/main', `${hub}/main/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/resolve/main/', `${hub}/main/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/resolve/main/config.json?download=true', `${hub}/main/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/tree/main', `${hub}/main/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/tree/v2/sub/', `${hub}/v2/sub/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/tree/refs%2Fpr%2F1', `${hub}/refs%2Fpr%2F1/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/blob/main/config.json', `${hub}/main/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/blob/v2/README.md', `${hub}/v2/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/raw/main/config.json', `${hub}/main/config.json`],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/discussions/3', `${hub}/main/config.json`],
    ['https://huggingface.co/gpt2/tree/main', 'https://huggingface.co/gpt2/resolve/main/config.json'],
  ])('given as %s has its config at %s', (address, expected) => {
    expect(resolveFolder(address)('config.json').href).toBe(expected);
  });

  it.each(['', 'models/tiny', 'ftp://models.test/', 'javascript:alert(1)', 'https://huggingface.co/'])(
    'is not given by "%s"',
    (address) => {
      expect(() => resolveFolder(address)).toThrow(expect.objectContaining({ name: 'BadRequest' }));
    },
  );

  it.each([
    ['https://huggingface.co/Qwen/Qwen3-0.6B/blob/main/config.json', 'Qwen3-0.6B', `${hub}/main/`],
    ['models/tiny', 'tiny', 'https://page.test/app/models/tiny/'],
    ['https://models.test/tiny//', 'tiny', 'https://models.test/tiny//'],
    ['https://models.test', 'models.test', 'https://models.test/'],
  ])('given as %s is called %s', (url, label, folder) => {
    const described = describeFolder({ engine: 'wgsl', url }, 'https://page.test/app/');
    expect(described).toEqual({ id: url, label, url: folder });
  });
});
