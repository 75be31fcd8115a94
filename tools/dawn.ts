/** Gives Node a `navigator.gpu` through Dawn, so that the engine runs there as it does in a browser. */
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
const gpu = create([]);
Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true });

const adapter = await gpu.requestAdapter();
if (!adapter) {
  throw new Error(
    'No WebGPU adapter in Node. Install Chrome, or Debian\'s "chromium" package (their SwiftShader is used), or a Vulkan driver and set PERSONASCOPE_GPU=1.',
  );
}
