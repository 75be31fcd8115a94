/** Whoever opens a link is asked before another server is: whatever way the address is written. */
import { expect, it } from 'vitest';
import { foreignHosts } from '../../../src/lib/state/foreign-hosts';

const site = 'https://page.test/app/';
const wgsl = (url: string) => ({ engine: 'wgsl', url }) as const;
const webLlm = (url: string, lib: string) => ({ engine: 'web-llm', url, lib }) as const;

it.each([
  [wgsl('models/tiny'), '', []],
  [wgsl('https://page.test/elsewhere/tiny/'), '', []],
  [wgsl('https://models.test:8080/tiny'), '', ['models.test:8080']],
  [wgsl('//models.test/tiny'), '', ['models.test']],
  [wgsl('huggingface.co/owner/name'), '', ['huggingface.co']],
  [wgsl('hf.co/owner/name'), 'http://192.168.0.2', ['huggingface.co']],
  [wgsl('javascript:alert(1)'), '', []],
  [webLlm('https://huggingface.co/o/n', 'https://libs.test/a.wasm'), '', ['huggingface.co', 'libs.test']],
  [
    webLlm('https://huggingface.co/o/n', 'https://libs.test/a.wasm'),
    'http://192.168.0.2',
    ['192.168.0.2', 'libs.test'],
  ],
])('%o with the mirror "%s" asks %o', (model, mirror, hosts) => {
  expect(foreignHosts(model, mirror, site)).toEqual(hosts);
});
