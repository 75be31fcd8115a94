/** Every build of the catalogue against the lists of the installed packages. */
import { prebuiltAppConfig as newest } from '@mlc-ai/web-llm';
import { prebuiltAppConfig as older } from 'web-llm-0.2.79';
import { describe, expect, it, test } from 'vitest';
import { catalogue, chooseBuild, findModel } from '../../../src/lib/downloads/mlc-catalogue';

const lists = { '0.2.86': newest.model_list, '0.2.79': older.model_list };
const builds = catalogue.flatMap((model) => model.builds.map((build) => ({ ...model, build, name: build.id })));

test.each(builds)('$name is what WebLLM $runtime has', ({ runtime, contextLength, isLowResource, build }) => {
  const record = lists[runtime].find(({ model_id: id }) => id === build.id)!;
  expect(build.url).toBe(`${record.model}/resolve/main/`);
  expect(build.lib).toBe(record.model_lib);
  expect(build.gpuBytes).toBeCloseTo(record.vram_required_MB! * 1e6, 0);
  expect(contextLength).toBe(record.overrides?.context_window_size);
  expect(isLowResource).toBe(record.low_resource_required ?? false);
  // Every f16 library uses the feature; WebLLM's list names it for some only.
  expect(record.required_features ?? []).toEqual(
    build.precision === 'f16' && record.required_features ? ['shader-f16'] : [],
  );
});

describe('the catalogue', () => {
  it('has 16 to 24 models with names of their own, low-resource ones first', () => {
    expect(catalogue.length).toBeGreaterThanOrEqual(16);
    expect(catalogue.length).toBeLessThanOrEqual(24);
    expect(new Set(catalogue.map(({ id }) => id)).size).toBe(catalogue.length);
    expect(catalogue.map(({ isLowResource }) => isLowResource)).toEqual(
      catalogue.map(({ isLowResource }) => isLowResource).sort((a, b) => Number(b) - Number(a)),
    );
  });

  it('estimates downloads below what the GPU holds', () => {
    for (const { name, build } of builds) expect([name, build.downloadBytes < build.gpuBytes]).toEqual([name, true]);
  });

  it('takes the f32 build where the GPU has no f16, and says so where there is none', () => {
    const qwen = findModel('Qwen2.5-0.5B-Instruct')!.model;
    expect(chooseBuild(qwen, true)?.id).toBe('Qwen2.5-0.5B-Instruct-q4f16_1-MLC');
    expect(chooseBuild(qwen, false)?.id).toBe('Qwen2.5-0.5B-Instruct-q4f32_1-MLC');
    expect(chooseBuild(findModel('gemma3-1b-it')!.model, false)).toBeNull();
    expect(findModel('Qwen3-0.6B-q4f32_1-MLC')?.build?.precision).toBe('f32');
    expect(findModel('nothing')).toBeNull();
  });
});
