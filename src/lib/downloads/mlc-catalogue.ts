/**
 * Models of WebLLM that the page offers, low-resource ones first. Static: WebLLM itself (2 MB) is imported only when a model is opened.
 * A test holds every row against the lists in the two installed packages.
 */
export type Runtime = '0.2.79' | '0.2.86';
export const runtimes: readonly Runtime[] = ['0.2.79', '0.2.86'];
export type Precision = 'f16' | 'f32';

/** One compiled form of a model: what is downloaded. */
export interface CatalogueBuild {
  /** As WebLLM names it. */
  id: string;
  /** Of activations. `f16` needs the GPU feature `shader-f16`. */
  precision: Precision;
  /** Weights folder. */
  url: string;
  /** Model library, a wasm file. */
  lib: string;
  /** About; the manifest has the exact figure. */
  downloadBytes: number;
  /** Weights, cache and scratch. */
  gpuBytes: number;
  /** This very library was run with our taps, and they were right. Every other is checked when it is loaded, and so is this one. */
  isVerified: boolean;
}

export interface CatalogueModel {
  id: string;
  label: string;
  family: string;
  nParameters: number;
  runtime: Runtime;
  contextLength: number;
  isLowResource: boolean;
  builds: CatalogueBuild[];
}

/** Bits a parameter in a download: 4-bit groups of 32 share a scale, which is 16 or 32 bits wide. */
const bitsPerParameter = { q4f16_1: 4.5, q4f32_1: 5, q0f16: 16, q0f32: 32 };
type Quantization = keyof typeof bitsPerParameter;

/** Library, tokenizer, configuration: about as large for every model. */
const overheadBytes = 12e6;

type Row = [
  id: string,
  label: string,
  family: string,
  nParameters: number,
  /** GPU memory of each build, in MB, as WebLLM states it. */
  gpuMegabytes: Partial<Record<Quantization, number>>,
  /** The library's name, where it is another model's. */
  library?: string,
];
type Group = Pick<CatalogueModel, 'runtime' | 'isLowResource'> & { rows: Row[] };

/** Libraries of runtime 0.2.79 that `npm run test:webllm` was run with, in full or from the self-check to the addition. */
const verifiedLibraries = new Set([
  'Qwen2-0.5B-Instruct-q4f32_1',
  'gemma-2-2b-it-q4f32_1',
  'stablelm-2-zephyr-1_6b-q4f32_1',
]);

/** Runtime 0.2.79 goes with the newest libraries that could be run here. */
const groups: Group[] = [
  {
    runtime: '0.2.79',
    isLowResource: true,
    rows: [
      [
        'Qwen2.5-0.5B-Instruct',
        'Qwen2.5 0.5B',
        'Qwen2',
        494_032_768,
        { q4f16_1: 944.62, q4f32_1: 1060.2 },
        'Qwen2-0.5B-Instruct',
      ],
      ['Llama-3.2-1B-Instruct', 'Llama 3.2 1B', 'Llama', 1_235_814_400, { q4f16_1: 879.04, q4f32_1: 1128.82 }],
      [
        'Qwen2.5-1.5B-Instruct',
        'Qwen2.5 1.5B',
        'Qwen2',
        1_543_714_304,
        { q4f16_1: 1629.75, q4f32_1: 1888.97 },
        'Qwen2-1.5B-Instruct',
      ],
    ],
  },
  {
    runtime: '0.2.86',
    isLowResource: true,
    rows: [
      ['SmolLM2-135M-Instruct', 'SmolLM2 135M', 'Llama', 134_515_008, { q0f16: 359.69, q0f32: 719.38 }],
      ['SmolLM2-360M-Instruct', 'SmolLM2 360M', 'Llama', 361_821_120, { q4f16_1: 376.06, q4f32_1: 579.61 }],
      ['Qwen3-0.6B', 'Qwen3 0.6B', 'Qwen3', 596_049_920, { q4f16_1: 1403.34, q4f32_1: 1924.98 }],
      ['Qwen3.5-0.8B', 'Qwen3.5 0.8B', 'Qwen3.5', 800_000_000, { q4f16_1: 1629.49, q4f32_1: 1894.19 }],
      ['gemma3-1b-it', 'Gemma 3 1B', 'Gemma 3', 999_885_952, { q4f16_1: 711.07 }],
      ['OLMo-2-0425-1B-Instruct', 'OLMo 2 1B', 'OLMo 2', 1_484_916_736, { q4f16_1: 1776.75, q4f32_1: 2453.51 }],
      ['SmolLM2-1.7B-Instruct', 'SmolLM2 1.7B', 'Llama', 1_711_376_384, { q4f16_1: 1774.19, q4f32_1: 2692.38 }],
      ['Qwen3-1.7B', 'Qwen3 1.7B', 'Qwen3', 1_720_574_976, { q4f16_1: 2036.66, q4f32_1: 2635.44 }],
      ['Qwen2.5-3B-Instruct', 'Qwen2.5 3B', 'Qwen2', 3_085_938_688, { q4f16_1: 2504.76, q4f32_1: 2893.64 }],
      ['Llama-3.2-3B-Instruct', 'Llama 3.2 3B', 'Llama', 3_212_749_824, { q4f16_1: 2263.69, q4f32_1: 2951.51 }],
      [
        'Ministral-3-3B-Instruct-2512-BF16',
        'Ministral 3 3B',
        'Mistral',
        3_400_000_000,
        { q4f16_1: 2863.69, q4f32_1: 3532.37 },
      ],
      ['Qwen3-4B', 'Qwen3 4B', 'Qwen3', 4_022_468_096, { q4f16_1: 3431.59, q4f32_1: 4327.71 }],
    ],
  },
  {
    runtime: '0.2.79',
    isLowResource: false,
    rows: [
      [
        'stablelm-2-zephyr-1_6b',
        'StableLM 2 Zephyr 1.6B',
        'StableLM',
        1_644_515_328,
        { q4f16_1: 2087.66, q4f32_1: 2999.33 },
      ],
      ['gemma-2-2b-it', 'Gemma 2 2B', 'Gemma 2', 2_614_341_888, { q4f16_1: 1895.3, q4f32_1: 2508.75 }],
      ['Phi-3.5-mini-instruct', 'Phi 3.5 mini', 'Phi-3', 3_821_079_552, { q4f16_1: 3672.07, q4f32_1: 5483.12 }],
    ],
  },
  {
    runtime: '0.2.86',
    isLowResource: false,
    rows: [
      ['Qwen3.5-2B', 'Qwen3.5 2B', 'Qwen3.5', 2_000_000_000, { q4f16_1: 2245.44, q4f32_1: 2591.55 }],
      ['Qwen3.5-4B', 'Qwen3.5 4B', 'Qwen3.5', 4_000_000_000, { q4f16_1: 3867.82, q4f32_1: 4680.36 }],
      ['Mistral-7B-Instruct-v0.3', 'Mistral 7B', 'Mistral', 7_248_023_552, { q4f16_1: 4573.39, q4f32_1: 5619.27 }],
      [
        'Llama-3.1-8B-Instruct',
        'Llama 3.1 8B',
        'Llama',
        8_030_261_248,
        { q4f16_1: 5001, q4f32_1: 6101.01 },
        'Llama-3_1-8B-Instruct',
      ],
      ['Qwen3-8B', 'Qwen3 8B', 'Qwen3', 8_190_735_360, { q4f16_1: 5695.78, q4f32_1: 6852.55 }],
    ],
  },
];

export const catalogue: CatalogueModel[] = groups.flatMap(({ rows, ...group }) =>
  rows.map(([id, label, family, nParameters, gpuMegabytes, library = id]) => ({
    ...{ id, label, family, nParameters, ...group },
    contextLength: 4096,
    builds: (Object.keys(gpuMegabytes) as Quantization[]).map((quantization) => ({
      id: `${id}-${quantization}-MLC`,
      precision: quantization.includes('f16') ? 'f16' : 'f32',
      url: `https://huggingface.co/mlc-ai/${id}-${quantization}-MLC/resolve/main/`,
      lib: libraryUrl(library, quantization, group.runtime),
      downloadBytes: (nParameters * bitsPerParameter[quantization]) / 8 + overheadBytes,
      gpuBytes: gpuMegabytes[quantization]! * 1e6,
      isVerified: group.runtime === '0.2.79' && verifiedLibraries.has(`${library}-${quantization}`),
    })),
  })),
);

function libraryUrl(name: string, quantization: Quantization, runtime: Runtime): string {
  const path = {
    '0.2.79': `v0_2_48/${name}-${quantization}-ctx4k_cs1k-webgpu.wasm`,
    '0.2.86': `v0_2_86/base/${name}-${quantization}_cs1k-webgpu.wasm`,
  }[runtime];
  return `https://raw.githubusercontent.com/mlc-ai/binary-mlc-llm-libs/main/web-llm-models/${path}`;
}

/** The build that runs here: f16 is smaller and quicker, f32 runs everywhere. Null if the model has none for this GPU. */
export function chooseBuild(model: CatalogueModel, hasShaderF16: boolean): CatalogueBuild | null {
  const find = (precision: Precision) => model.builds.find((build) => build.precision === precision);
  return (hasShaderF16 ? find('f16') : undefined) ?? find('f32') ?? null;
}

/** A model by its own name, or by that of one of its builds, which is then the build that is meant. */
export function findModel(id: string): { model: CatalogueModel; build: CatalogueBuild | null } | null {
  for (const model of catalogue) {
    if (model.id === id) return { model, build: null };
    const build = model.builds.find((build) => build.id === id);
    if (build) return { model, build };
  }
  return null;
}
