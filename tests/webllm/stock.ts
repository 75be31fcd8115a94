/**
 * Stock WebLLM alone, with the embedded model's weights in a real library, against our own engine on Dawn with the same numbers:
 * `WEBLLM_LIB=Qwen2-0.5B-Instruct-q0f32-ctx4k_cs1k-webgpu.wasm node organism/run.js tests/webllm/stock.ts [maxTokens] [message …]`.
 */
import '../../tools/dawn';
import { openGpu } from '../../src/lib/gpu/device';
import { LlamaEngine } from '../../src/lib/llama/engine';
import { openModelFolder } from '../../src/lib/llama/source';
import { serveModel } from './model-server';
import { openStockPage } from './stock-page';

const STOP = 5;

export async function run([maxTokens = '10', ...contents]: string[]): Promise<void> {
  const lib = process.env.WEBLLM_LIB;
  if (!lib) throw new Error('Set WEBLLM_LIB to a model library of Qwen2-0.5B.');
  const served = await serveModel({ lib, weights: 'organism' });
  console.log(`${served.library.file}: ${(served.totalBytes / 1e6).toFixed(0)} MB of weights`);
  const gpu = await openGpu();
  const files = await openModelFolder(served.reference!);
  const engine = await LlamaEngine.open({ gpu, files, id: 'reference', label: 'reference' });
  const page = await openStockPage(process.env.WEBLLM_RUNTIME ?? '0.2.79', process.env.WEBLLM_PROFILE);
  try {
    console.log(`loaded in ${(await page.load(served)).toFixed(1)} s`);
    for (const content of contents.length > 0 ? contents : ['What is a volcano?']) {
      const messages = [{ role: 'user' as const, content }];
      const { ids: promptIds } = files.tokenizer.encodeChat(messages);
      const dVocab = engine.info.dVocab;
      const sampling = { temperature: 0, topP: 1, seed: 0, maxTokens: Number(maxTokens) };
      const wanted = await engine.chat({ messages, interventions: [], probes: [], schedule: [], sampling });
      const steps = await page.generate(promptIds, { maxTokens: Number(maxTokens), stopId: STOP, dVocab });
      const ids = steps.map(({ id }) => id);
      const isSame = wanted.tokens.every(({ id }, i) => id === ids[i]);
      // Teacher-forced on WebLLM's tokens: every step is compared, also after a difference.
      const { logits } = await engine.forward({
        tokenIds: [...promptIds, ...ids.slice(0, -1)],
        interventions: [],
        residuals: [],
      });
      let difference = 0;
      let largest = 0;
      let margin = Infinity;
      steps.forEach((step, i) => {
        const row = logits.subarray((promptIds.length - 1 + i) * dVocab, (promptIds.length + i) * dVocab);
        row.forEach((x, id) => {
          difference = Math.max(difference, Math.abs(x - step.logits[id]!));
          largest = Math.max(largest, Math.abs(x));
        });
        const [first, second] = [...row].sort((a, b) => b - a);
        margin = Math.min(margin, first! - second!);
      });
      const unused = Math.max(...steps.map(({ largestUnused }) => largestUnused ?? -Infinity));
      const decode = steps.slice(1).map(({ seconds }) => seconds);
      console.log(`"${content}" (${promptIds.length} tokens)`);
      console.log(`  ours:   ${wanted.text}`);
      console.log(
        `  WebLLM: ${files.tokenizer.decode(ids.filter((id) => id !== STOP))}  ${isSame ? 'the same tokens' : 'OTHER TOKENS'}`,
      );
      console.log(
        `  ${steps.length} steps: logits differ by at most ${difference.toExponential(2)} (largest ${largest.toFixed(1)}, smallest margin ${margin.toFixed(3)}), unused ids at most ${unused.toFixed(0)}`,
      );
      console.log(
        `  prefill ${steps[0]!.seconds.toFixed(1)} s, then ${(decode.reduce((a, b) => a + b, 0) / Math.max(1, decode.length)).toFixed(2)} s a token`,
      );
    }
  } finally {
    await page.close();
    engine.destroy();
    gpu.destroy();
    await served.close();
  }
}
