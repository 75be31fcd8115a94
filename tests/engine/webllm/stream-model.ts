/**
 * A small model driven the way TVM's runtime drives one: kernels by name, fresh bind groups, pooled buffers, a new uniform buffer a dispatch, logits copied into a
 * staging buffer. It computes real numbers, so that what taps do to them can be held against arithmetic.
 *
 * Block l: x <- x + a_l norm(x), x <- x + b_l norm(x); logits = norm(x) of the last row. With `f16_sum` the additions are fused into the norms
 * that follow them, as MLC's compiler does in f16.
 */
import type { ResidualType } from '../../../src/lib/taps/tap-program';
import { fromHalf, randomFloats, toHalf } from '../../shaders/harness';

export const nLayers = 3;
export const dModel = 70;

/** `immediate`: an encoder and a submit a kernel, a new staging buffer each time; `pending`: one encoder until the logits are read, pooled staging buffers. */
export type Style = 'immediate' | 'pending';

const kernel = (type: ResidualType, body: string, bindings: string[]) => `
${bindings.map((binding, i) => `@group(0) @binding(${i}) ${binding};`).join('\n')}
const N = ${dModel}u;
${type === 'f32' ? 'alias Word = f32; const A = 1u; fn load(w: f32) -> vec2f { return vec2f(w, 0); } fn pack(v: vec2f) -> f32 { return v.x; }' : 'alias Word = u32; const A = 2u; fn load(w: u32) -> vec2f { return unpack2x16float(w); } fn pack(v: vec2f) -> u32 { return pack2x16float(v); }'}
${body}`;

const storage = (name: string, access: 'read' | 'read_write', of = 'Word') =>
  `var<storage, ${access}> ${name}: array<${of}>`;
const uniform = 'var<uniform> scale: vec4f';

const sources = {
  take1_kernel: {
    access: 'wrru',
    bindings: [storage('out', 'read_write'), storage('table', 'read'), storage('ids', 'read', 'u32'), uniform],
    body: `@compute @workgroup_size(1) fn take1_kernel(@builtin(workgroup_id) id: vec3u) {
      for (var i = 0u; i < N / A; i++) { out[id.x * N / A + i] = table[ids[id.x] * N / A + i]; } _ = scale; }`,
  },
  rms_norm1_kernel: {
    access: 'wrru',
    bindings: [storage('out', 'read_write'), storage('x', 'read'), storage('weight', 'read'), uniform],
    body: `@compute @workgroup_size(1) fn rms_norm1_kernel(@builtin(workgroup_id) id: vec3u) {
      let row = id.x * N / A; var sum = 0.0;
      for (var i = 0u; i < N / A; i++) { let v = load(x[row + i]); sum += dot(v, v); }
      let r = inverseSqrt(sum / f32(N) + 1e-6);
      for (var i = 0u; i < N / A; i++) { out[row + i] = pack(load(x[row + i]) * r * load(weight[i])); } _ = scale; }`,
  },
  fused_NT_matmul6_add1_kernel: {
    access: 'wrru',
    bindings: [storage('out', 'read_write'), storage('x', 'read'), storage('y', 'read'), uniform],
    body: `@compute @workgroup_size(1) fn fused_NT_matmul6_add1_kernel(@builtin(workgroup_id) id: vec3u) {
      for (var i = id.x * N / A; i < (id.x + 1) * N / A; i++) { out[i] = pack(load(x[i]) + scale.x * load(y[i])); } }`,
  },
  NT_matmul6_kernel: {
    access: 'wru',
    bindings: [storage('out', 'read_write'), storage('y', 'read'), uniform],
    body: `@compute @workgroup_size(1) fn NT_matmul6_kernel(@builtin(workgroup_id) id: vec3u) {
      for (var i = id.x * N / A; i < (id.x + 1) * N / A; i++) { out[i] = pack(scale.x * load(y[i])); } }`,
  },
  fuse_add_norm_prefill_kernel: {
    access: 'rrrwwu',
    bindings: [
      ...[storage('x', 'read'), storage('y', 'read'), storage('weight', 'read')],
      ...[storage('out', 'read_write'), storage('total', 'read_write'), uniform],
    ],
    body: `@compute @workgroup_size(1) fn fuse_add_norm_prefill_kernel(@builtin(workgroup_id) id: vec3u) {
      let row = id.x * N / A; var sum = 0.0;
      for (var i = row; i < row + N / A; i++) { total[i] = pack(load(x[i]) + load(y[i])); let v = load(total[i]); sum += dot(v, v); }
      let r = inverseSqrt(sum / f32(N) + 1e-6);
      for (var i = 0u; i < N / A; i++) { out[row + i] = pack(load(total[row + i]) * r * load(weight[i])); } _ = scale; }`,
  },
  NT_matmul14_kernel: {
    access: 'wru',
    bindings: [storage('out', 'read_write', 'f32'), storage('x', 'read'), uniform],
    body: `@compute @workgroup_size(1) fn NT_matmul14_kernel() {
      for (var i = 0u; i < N / A; i++) { let v = load(x[u32(scale.y) * N / A + i]); out[i * A] = v.x; if (A == 2u) { out[i * A + 1] = v.y; } } }`,
  },
} as const;
type Name = keyof typeof sources;

const table = randomFloats(71, 8 * dModel);
const weights = Array.from({ length: 2 * nLayers + 1 }, (_, i) => randomFloats(80 + i, dModel, 2));
const scales = randomFloats(79, 2 * nLayers, 3);

/** As the type stores it. */
function rounded(values: Float32Array, type: ResidualType): Float32Array {
  return type === 'f32' ? values : fromHalf(toHalf(values));
}

export class StreamModel {
  readonly #device: GPUDevice;
  readonly #style: Style;
  readonly #type: ResidualType;
  readonly #pipelines = new Map<Name, { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }>();
  readonly #weights: GPUBuffer[];
  readonly #table: GPUBuffer;
  /** Larger than any tensor, and used for different ones. */
  readonly #pool: GPUBuffer[];
  readonly #logits: GPUBuffer;
  readonly #staging: GPUBuffer[] = [];
  #pending: GPUCommandEncoder | null = null;

  /** @param device everything it does goes through this object */
  constructor(device: GPUDevice, style: Style, type: ResidualType) {
    this.#device = device;
    this.#style = style;
    this.#type = type;
    for (const [name, { access, bindings, body }] of Object.entries(sources) as [Name, (typeof sources)[Name]][]) {
      const types = { w: 'storage', r: 'read-only-storage', u: 'uniform' } as const;
      const entries = [...access].map((letter, binding) => {
        return { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: types[letter as 'w' | 'r' | 'u'] } };
      });
      const layout = device.createBindGroupLayout({ entries });
      const module = device.createShaderModule({ code: kernel(type, body, [...bindings]) });
      const pipeline = device.createComputePipeline({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: name },
      });
      this.#pipelines.set(name, { pipeline, layout });
    }
    const store = (values: Float32Array) => this.#upload(type === 'f32' ? values : toHalf(values));
    this.#weights = weights.map(store);
    this.#table = store(table);
    this.#pool = [0, 1, 2, 3].map(() => this.#buffer(16_384));
    this.#logits = this.#buffer(dModel * 4);
  }

  /** One pass over the tokens. @returns the logits, or null if it was left half-way */
  async forward(ids: number[], { isAborted = false } = {}): Promise<Float32Array | null> {
    const rows = ids.length;
    const [first, y, third, branch] = this.#pool as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
    let [x, z] = [first, third];
    this.#run('take1_kernel', [x, this.#table, this.#upload(Uint32Array.from(ids))], rows);
    this.#run('rms_norm1_kernel', [y, x, this.#weights[0]!], rows);
    for (let half = 0; half < 2 * nLayers; half++) {
      if (isAborted && half === nLayers) return null;
      const weight = this.#weights[half + 1]!;
      if (this.#type === 'f16_sum') {
        this.#run('NT_matmul6_kernel', [branch, y], rows, scales[half]!);
        this.#run('fuse_add_norm_prefill_kernel', [x, branch, weight, y, z], rows);
      } else {
        this.#run('fused_NT_matmul6_add1_kernel', [z, x, y], rows, scales[half]!);
        this.#run('rms_norm1_kernel', [y, z, weight], rows);
      }
      [x, z] = [z, x];
    }
    this.#run('NT_matmul14_kernel', [this.#logits, y], 1, 0, rows - 1);
    return this.#readLogits();
  }

  #run(name: Name, buffers: GPUBuffer[], gridX: number, ...scale: number[]): void {
    const { pipeline, layout } = this.#pipelines.get(name)!;
    const encoder =
      this.#style === 'pending'
        ? (this.#pending ??= this.#device.createCommandEncoder())
        : this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const params = this.#device.createBuffer({ size: 16, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    this.#device.queue.writeBuffer(params, 0, Float32Array.from([scale[0] ?? 0, scale[1] ?? 0, 0, 0]));
    const entries = [...buffers, params].map((buffer, binding) => ({ binding, resource: { buffer } }));
    pass.setBindGroup(0, this.#device.createBindGroup({ layout, entries }));
    pass.dispatchWorkgroups(gridX);
    pass.end();
    if (this.#style === 'immediate') this.#device.queue.submit([encoder.finish()]);
  }

  async #readLogits(): Promise<Float32Array> {
    if (this.#pending) this.#device.queue.submit([this.#pending.finish()]);
    this.#pending = null;
    const size = dModel * 4;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.#staging.pop() ?? this.#device.createBuffer({ size, usage });
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#logits, 0, staging, 0, size);
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const isPooled = this.#style === 'pending';
    const logits = new Float32Array((isPooled ? staging.getMappedRange(0, size) : staging.getMappedRange()).slice(0));
    staging.unmap();
    if (isPooled) this.#staging.push(staging);
    else staging.destroy();
    return logits;
  }

  #upload(data: Float32Array | Uint16Array | Uint32Array): GPUBuffer {
    const buffer = this.#buffer(data.byteLength);
    this.#device.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength);
    return buffer;
  }

  #buffer(size: number): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    return this.#device.createBuffer({ size, usage });
  }

  get type(): ResidualType {
    return this.#type;
  }
}

/** The same in float64. `change` may change h (one row) at the output of a block. @returns h by layer and row, and the logits */
export function referenceForward(
  ids: number[],
  type: ResidualType,
  change: (layer: number, h: number[], row: number) => number[] = (_, h) => h,
) {
  const [rows, norms] = [rounded(table, type), weights.map((w) => rounded(w, type))];
  const normed = (x: number[], w: Float32Array) => {
    const r = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / dModel + 1e-6);
    return x.map((v, i) => v * r * w[i]!);
  };
  const states: number[][][] = Array.from({ length: nLayers }, () => []);
  let logits: number[] = [];
  ids.forEach((id, row) => {
    let x = [...rows.subarray(id * dModel, (id + 1) * dModel)];
    for (let half = 0; half < 2 * nLayers; half++) {
      const y = normed(x, norms[half]!);
      x = x.map((v, i) => v + scales[half]! * y[i]!);
      if (half % 2 === 1) states[(half - 1) / 2]!.push((x = change((half - 1) / 2, x, row)));
    }
    logits = normed(x, norms.at(-1)!);
  });
  return { states, logits };
}
