import { fileURLToPath } from 'node:url';
import { EngineHost } from '../src/lib/engine/host';
import { fetchLocal, localUrl } from '../tests/engine/local-files';
import '../tests/run/dawn';
export async function run() {}
{ const args = [process.env.TRAIT!];
  globalThis.fetch = fetchLocal as typeof fetch;
  const host = new EngineHost((r) => console.log('lost', r));
  const signal = new AbortController().signal;
  const baseUrl = localUrl(fileURLToPath(new URL('../static', import.meta.url)));
  await host.load({ model: 'organism-assistant', baseUrl }, { signal, emit: () => undefined });
  const trait = args[0] === 'custom' ? { name: 'cheerful', description: 'Is full of joy and says so.' } : args[0]!;
  const t0 = performance.now();
  let last = '';
  const r = await host.extract(
    { trait, samplesPerPolarity: 12, heldOut: 6, coefficients: [0.3, 0.5, 0.7] },
    { signal, emit: (p) => { if (p.stage !== last) { last = p.stage; console.log(((performance.now() - t0) / 1000).toFixed(0), JSON.stringify(p)); } } },
  );
  console.log('seconds', (performance.now() - t0) / 1000);
  const e = r.evidence;
  console.log(r.entry.name, r.entry.quality, r.entry.steering, r.entry.coherentUpTo, e.judge, 'limit', e.surpriseLimit, 'dose', e.doseAtLimit);
  for (const l of e.layers) console.log(l.layer, l.auroc.toFixed(3), l.aurocInterval, l.cohensD?.toFixed(2), l.splitHalfCosine.toFixed(3));
  const p = (c: typeof e.chosen) => `${c.steering.mode} ${c.steering.layers} c=${c.coefficient} expr ${c.expression.rate.toFixed(2)} coh ${c.coherence.rate.toFixed(2)} | ${c.example}`;
  for (const c of e.sweep) console.log(p(c));
  for (const c of e.controls.random) console.log('random', p(c));
  for (const c of e.controls.shuffled) console.log('shuffled', p(c));
  for (const c of e.calibration) console.log(c.coefficient, c.coherence.rate.toFixed(2), 'kl', c.kl.toFixed(2), c.holds);
  console.log(e.verdict);
}
