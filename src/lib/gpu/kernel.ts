/** Compiled shaders, one for each file, set of defines and set of constants. */
import { PersonascopeError } from '../errors';
import { preprocess, type Source, type Sources } from './preprocess';

const shaders: Sources = Object.fromEntries(
  Object.entries(import.meta.glob<string>('/shaders/*.wgsl', { query: '?raw', import: 'default', eager: true })).map(
    ([path, text]) => [path.slice('/shaders/'.length), text],
  ),
);

export interface KernelSpec {
  /** Name in `shaders/`, without `.wgsl`. */
  file: string;
  defines?: Record<string, string | number>;
  /** WGSL `override` constants. */
  constants?: Record<string, number>;
}

export interface Binding {
  name: string;
  index: number;
  access: 'read' | 'read_write';
}

export interface Param {
  name: string;
  type: 'u32' | 'f32';
}

export interface Kernel {
  /** The cache's key: file, defines, constants. */
  key: string;
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  /** Storage bindings by name. Binding 0 is always the `Params` uniform. */
  bindings: Binding[];
  /** Fields of `Params`, in order. */
  params: Param[];
}

export class KernelCache {
  readonly #device: GPUDevice;
  readonly #sources: Sources;
  readonly #kernels = new Map<string, Promise<Kernel>>();

  /** `sources` other than `shaders/` are for tests. */
  constructor(device: GPUDevice, sources: Sources = shaders) {
    this.#device = device;
    this.#sources = sources;
  }

  /** @throws PersonascopeError `ShaderError` with file, line and column. */
  get(spec: KernelSpec): Promise<Kernel> {
    const key = JSON.stringify([spec.file, spec.defines ?? {}, spec.constants ?? {}]);
    let kernel = this.#kernels.get(key);
    if (!kernel) this.#kernels.set(key, (kernel = this.#compile(key, spec)));
    return kernel;
  }

  async #compile(key: string, { file, defines, constants }: KernelSpec): Promise<Kernel> {
    const device = this.#device;
    const source = preprocess(`${file}.wgsl`, this.#sources, defines);
    const bindings = parseBindings(source.code);
    const layout = device.createBindGroupLayout({
      label: file,
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } },
        ...bindings.map(({ index, access }) => ({
          binding: index,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      ],
    });
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: file, code: source.code });
    const [info, moduleError] = await Promise.all([module.getCompilationInfo(), device.popErrorScope()]);
    const message = info.messages.find(({ type }) => type === 'error');
    if (message) throw describeError(source, message);
    if (moduleError) throw new PersonascopeError('ShaderError', `shaders/${file}.wgsl: ${moduleError.message}`);
    try {
      const pipeline = await device.createComputePipelineAsync({
        label: file,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main', constants },
      });
      return { key, pipeline, layout, bindings, params: parseParams(source.code) };
    } catch (cause) {
      throw new PersonascopeError('ShaderError', `shaders/${file}.wgsl: ${String(cause)}`, '', { cause });
    }
  }
}

function describeError(
  { code, origin }: Source,
  { lineNum, linePos, message }: GPUCompilationMessage,
): PersonascopeError {
  const at = origin[lineNum - 1];
  const text = code.split('\n')[lineNum - 1]?.trim() ?? '';
  return new PersonascopeError('ShaderError', `shaders/${at?.file}:${at?.line}:${linePos}: ${message}\n  ${text}`);
}

function parseBindings(code: string): Binding[] {
  const pattern = /@binding\((\d+)\)\s*var<storage,\s*(read|read_write)>\s*(\w+)/g;
  return [...code.matchAll(pattern)].map(([, index, access, name]) => ({
    name: name!,
    index: Number(index),
    access: access as Binding['access'],
  }));
}

function parseParams(code: string): Param[] {
  const body = /struct Params\s*\{([^}]*)\}/.exec(code)?.[1] ?? '';
  const fields = body.replace(/\/\/.*$/gm, '').matchAll(/(\w+)\s*:\s*(u32|f32)/g);
  return [...fields].map(([, name, type]) => ({ name: name!, type: type as Param['type'] }));
}
