/** `globalThis.personascope`, the contract of the README, against the built site. */
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { open } from './visitor';

/** One for all: no call leaves anything behind but `load`, which comes last. */
let page: Page;
test.beforeAll(async ({ browser }) => {
  page = await browser.newPage();
  await open(page);
});
test.afterAll(() => page.close());

test('models, info and vectors describe what is loaded', async () => {
  const { models, info, vectors, version } = await page.evaluate(async () => ({
    version: personascope.version,
    models: await personascope.models(),
    info: personascope.info()!,
    vectors: await personascope.vectors(),
  }));
  expect(version).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
  const embedded = models.filter(({ download }) => download === 'embedded');
  expect(embedded.map(({ id }) => id)).toEqual(['organism-assistant', 'organism-base']);
  expect(info).toMatchObject({ id: 'organism-assistant', engine: 'wgsl', taps: 'verified' });
  const space = await page.evaluate(() => personascope.space()!);
  expect(space.axis.centre).toHaveLength(info.nLayers);
  // Zero is the mean of the roles and the Assistant.
  const places = [...space.roles.map(({ axis }) => axis), space.axis.assistant.mean];
  expect(places.reduce((sum, place) => sum + place, 0) / places.length).toBeCloseTo(0, 5);
  for (const name of ['pirate', 'malicious', 'sycophantic', 'hallucinating', 'poetic', 'assistant-axis']) {
    expect(vectors.map((vector) => vector.name)).toContain(name);
  }
});

test('chat is deterministic, steered by name or by numbers, and leaves the page alone', async () => {
  const result = await page.evaluate(async () => {
    const messages = [{ role: 'user' as const, content: 'What is a volcano?' }];
    const sampling = { temperature: 0, maxTokens: 24 };
    const probes = [{ name: 'axis', vector: 'assistant-axis', layers: [3] }];
    const plain = await personascope.chat({ messages, sampling, probes });
    const zero = await personascope.chat({
      messages,
      sampling,
      probes,
      interventions: [{ kind: 'addition', vector: 'pirate', coefficient: 0 }],
    });
    const steered = await personascope.chat({
      messages,
      sampling,
      interventions: [{ kind: 'addition', vector: 'pirate', coefficient: 1.75 }],
    });
    const { dModel } = personascope.info()!;
    const inline = await personascope.chat({
      messages,
      sampling,
      interventions: [{ kind: 'addition', vector: { 2: Array(dModel).fill(0.3) }, coefficient: 2 }],
    });
    const turns = document.querySelectorAll('[data-testid="message"]').length;
    return { plain, zero, steered: steered.text, inline, turns };
  });
  expect(result.zero.tokens).toEqual(result.plain.tokens);
  expect(result.zero.readings).toEqual(result.plain.readings);
  expect(result.steered).not.toBe(result.plain.text);
  const logprobs = ({ tokens }: typeof result.plain) => tokens.map(({ logprob }) => logprob);
  expect(logprobs(result.inline)).not.toEqual(logprobs(result.plain));
  expect(result.turns).toBe(0);
  const response = result.plain.readings.find(({ phase }) => phase === 'response')!;
  expect(response.values.length).toBe(result.plain.tokens.length);
});

test('forward: an addition moves the residual by exactly that, at its layer and on', async () => {
  const moved = await page.evaluate(async () => {
    const { dModel } = personascope.info()!;
    const request = { tokenIds: [5, 300, 7], residuals: [1, 2] };
    const vector = Array.from({ length: dModel }, (_, i) => Math.sin(i));
    const plain = await personascope.forward(request);
    const steered = await personascope.forward({
      ...request,
      interventions: [{ kind: 'addition', vector: { 2: vector }, coefficient: 0.5 }],
    });
    const difference = Array.from(
      steered.residuals[2]!,
      (x, i) => x - plain.residuals[2]![i]! - 0.5 * vector[i % dModel]!,
    );
    return {
      before: Array.from(steered.residuals[1]!, (x, i) => Math.abs(x - plain.residuals[1]![i]!)).reduce((a, b) =>
        Math.max(a, b),
      ),
      at: difference.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
      logits: Array.from(steered.logits, (x, i) => Math.abs(x - plain.logits[i]!)).reduce((a, b) => Math.max(a, b)),
      size: plain.logits.length,
      dVocab: personascope.info()!.dVocab,
    };
  });
  expect(moved.before).toBe(0);
  expect(moved.at).toBeLessThan(1e-4);
  expect(moved.logits).toBeGreaterThan(1e-3);
  expect(moved.size).toBe(3 * moved.dVocab);
});

test('bad requests are refused by field and reason, and the next one works', async () => {
  const refusals = await page.evaluate(async () => {
    const messages = [{ role: 'user' as const, content: 'Hi' }];
    const attempts: (() => Promise<unknown>)[] = [
      () => personascope.chat({ messages: [] }),
      () => personascope.chat({ messages, sampling: { temperature: -1 } }),
      () => personascope.chat({ messages, interventions: [{ kind: 'addition', vector: 'wizardry' }] }),
      () => personascope.chat({ messages, interventions: [{ kind: 'addition', vector: { 2: [1, 2] } }] }),
      () => personascope.chat({ messages, interventions: [{ kind: 'capping', vector: 'assistant-axis' }] }),
      () => personascope.load('gpt-5'),
      () => personascope.extract({ trait: 'wizardry' }),
    ];
    const said = [];
    for (const attempt of attempts) {
      said.push(
        await attempt().then(
          () => 'accepted',
          (error: Error) => `${error.name}: ${error.message}`,
        ),
      );
    }
    const after = await personascope.chat({ messages, sampling: { maxTokens: 2 } });
    return { said, after: after.tokens.length };
  });
  expect(refusals.said[0]).toMatch(/BadRequest: messages/);
  expect(refusals.said[1]).toMatch(/BadRequest: sampling\.temperature/);
  expect(refusals.said[2]).toMatch(/BadRequest: .*interventions\[0\].*wizardry/);
  expect(refusals.said[3]).toMatch(/BadRequest: .*interventions\[0\]/);
  expect(refusals.said[4]).toMatch(/BadRequest: .*floor/);
  expect(refusals.said[5]).toMatch(/BadRequest: model: "gpt-5"/);
  expect(refusals.said[6]).toMatch(/BadRequest: trait: "wizardry"/);
  expect(refusals.after).toBeGreaterThan(0);
});

test("the README's snippet runs as it stands", async () => {
  const snippet = /<!-- snippet: automation -->\n```js\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))![1]!;
  const text = await page.evaluate(`(async () => { ${snippet}; return result.text; })()`);
  expect(String(text).length).toBeGreaterThan(5);
});

test('the BASE model loads by name and answers', async () => {
  const { id, text } = await page.evaluate(async () => {
    const info = await personascope.load('organism-base');
    const { text } = await personascope.chat({
      messages: [{ role: 'user', content: 'Hello' }],
      sampling: { temperature: 0, maxTokens: 12 },
    });
    return { id: info.id, text };
  });
  expect(id).toBe('organism-base');
  expect(text.length).toBeGreaterThan(0);
});
