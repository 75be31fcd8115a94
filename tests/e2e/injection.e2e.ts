/** Text from outside stays text, wherever it comes from: nothing in it runs, and nothing is fetched because of it. */
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { writeConversationFile } from '../../src/lib/conversation/conversation-file';
import { encodePermalink } from '../../src/lib/conversation/permalink';
import type { Conversation } from '../../src/lib/conversation/conversation';
import type { VectorFile } from '../../src/lib/vectors/vector-file';
import { writeVectorFile } from '../../src/lib/vectors/write-vector-file';
import { open, repliesOf, setSampling } from './visitor';

const evil = 'https://evil.invalid';

/** For what may hold 100 characters. */
const short = (where: string) => `</b><img src=${evil}/${where} onerror="__ran='${where}'">`;

/** What runs or fetches where text is taken for HTML, for Markdown, for CSS or for an address. */
const long = (where: string) =>
  [
    `${short(where)}<script>__ran='${where}'</script>`,
    `</style></title></textarea><svg onload="__ran='${where}'"></svg><iframe srcdoc="<script>parent.__ran=1</script>">`,
    `<style>*{background:url(${evil}/${where}.css)}</style>"style="background:url(${evil}/${where}-attribute)`,
    `![image](${evil}/${where}.png) [link](javascript:__ran='${where}') <a href="javascript:__ran=1">a</a>`,
    `{@html "<img src=${evil}/${where}-svelte>"} {{constructor.constructor("__ran=1")()}} \${__ran=1}`,
  ].join('\n');

function talk(where: string): Conversation {
  const steering = { kind: 'addition' as const, vector: short(`${where}-vector`), coefficient: 1 };
  const reply = { seed: 1, schedule: [], tokenIds: [], interventions: [steering] };
  return {
    model: 'organism-assistant',
    system: long(`${where}-system`),
    sampling: { temperature: 0, topP: 1, maxTokens: 8 },
    turns: [
      {
        user: long(`${where}-user`),
        replies: [{ ...reply, text: long(`${where}-reply`), ended: 'stop', model: short(`${where}-model`) }],
        chosen: 0,
      },
      {
        user: `![b](${evil}/b)`,
        replies: [{ ...reply, text: '', ended: 'failed', failure: long(`${where}-failure`) }],
        chosen: 0,
      },
    ],
  };
}

/** Notes requests to others, and what the page's own policy had to stop: text that is text asks for nothing. */
function watch(page: Page, origin: string) {
  const seen: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${origin}/`)) seen.push(request.url());
  });
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) seen.push(message.text());
  });
  page.on('dialog', (dialog) => seen.push(dialog.message()));
  return async () => {
    expect(seen).toEqual([]);
    expect(await page.evaluate(() => (globalThis as { __ran?: unknown }).__ran ?? null)).toBeNull();
  };
}

/** Every text that the persona space of a foreign folder may hold, below its limit. */
function hostileSpace(): unknown {
  const space = JSON.parse(readFileSync('static/models/organism-assistant/personas.json', 'utf8'));
  for (const persona of space.personas) {
    Object.assign(persona, { label: short(`persona-${persona.name}`), description: long('description') });
  }
  for (const role of space.roles) Object.assign(role, { label: short(`role-${role.name}`), family: short('family') });
  return { ...space, model: short('space'), promptSet: short('prompts') };
}

test('nothing in a link, a mirror, a chat’s file, a persona space or a message runs', async ({ page, baseURL }) => {
  const isUntouched = watch(page, baseURL!);
  await page.route('**/personas.json', (route) => route.fulfill({ json: hostileSpace() as object }));
  const source = { engine: 'web-llm', url: `${evil}/${short('custom')}`, lib: `${evil}/l.wasm` };
  await page.addInitScript(
    ([custom, last]) => {
      localStorage.setItem('personascope-custom-models', custom!);
      localStorage.setItem('personascope-last-model', last!);
    },
    [
      JSON.stringify([{ source, label: short('custom-label'), bytes: 5 }]),
      JSON.stringify({ model: { engine: 'wgsl', url: `${evil}/m` }, label: short('last') }),
    ],
  );
  const linked = { ...talk('link'), model: { engine: 'wgsl' as const, url: `${evil}/${short('address')}` } };
  const mirror = encodeURIComponent(`${evil}/${short('mirror')}`);
  await page.goto(`/?mirror=${mirror}&model=${encodeURIComponent(short('query'))}#${await encodePermalink(linked)}`);
  await page.getByTestId('mirror-dialog').getByRole('button', { name: 'Don’t' }).click();
  await page.waitForFunction(() => globalThis.personascope?.info());
  const preview = page.getByTestId('link-preview');
  for (const where of ['link-user', 'link-reply', 'link-system', 'link-vector', 'address']) {
    await expect(preview).toContainText(`${evil}/${where}`);
  }
  await page.getByTestId('open-here').click();
  await expect(page.getByTestId('foreign-dialog')).toContainText('evil.invalid');
  await page.getByTestId('foreign-dialog').getByRole('button', { name: 'Not now' }).click();
  await isUntouched();

  await page.getByTestId('leave-link').click();
  await expect(page.getByTestId('last-model')).toContainText(short('last'));
  await expect(page.getByTestId('dial-pirate')).toBeVisible();
  await expect(page.locator('.labels')).toContainText(`${evil}/role-`);
  await page.getByTestId('chats').click();
  const file = writeConversationFile({ name: short('name'), conversation: talk('file') });
  await page
    .getByTestId('import-chat')
    .setInputFiles({ name: `${short('name')}.json`, mimeType: '', buffer: Buffer.from(file) });
  await expect(repliesOf(page)).toHaveCount(2);
  await expect(repliesOf(page).first()).toContainText(`${evil}/file-reply`);
  await expect(page.getByTestId('error').first()).toContainText(short('file-vector'));
  await page.getByTestId('chats').click();
  await expect(page.getByTestId('chat-list')).toContainText(short('name'));
  await page
    .getByTestId('import-chat')
    .setInputFiles({ name: `${short('broken')}.json`, mimeType: '', buffer: Buffer.from('{') });
  await expect(page.getByTestId('error').first()).toContainText(short('broken'));
  await setSampling(page, { maxTokens: 2 });
  await page.getByTestId('new-chat').click();
  await page.getByTestId('composer').fill(long('typed'));
  await page.getByTestId('composer').press('Enter');
  await expect(page.locator('[data-testid="message"][data-role="user"]')).toContainText(`${evil}/typed`);
  await page.getByTestId('model-status').click();
  await page.keyboard.press('Escape');
  await isUntouched();

  // Were a text taken for HTML by mistake, the page's policy would still run nothing of it, and send no form.
  await page.evaluate(() => (document.body.innerHTML += '<img src="data:," onerror="__ran=1"><svg onload="__ran=1">'));
  await page.waitForTimeout(200);
  expect(await page.evaluate(() => (globalThis as { __ran?: unknown }).__ran ?? null)).toBeNull();
});

test('nothing in a vector’s file, a foreign folder or its chat template runs', async ({ page, baseURL }) => {
  const isUntouched = watch(page, baseURL!);
  const folder = (name: string) => `${baseURL}/models/${name}/`;
  await page.route('**/models/odd/config.json', (route) =>
    route.fulfill({ json: { architectures: [short('architecture')], model_type: short('type') } }),
  );
  await page.route('**/models/hostile/**', (route) => {
    const name = new URL(route.request().url()).pathname.split('/').pop()!;
    if (name === 'chat_template.jinja') {
      return route.fulfill({ body: `{{ raise_exception(${JSON.stringify(long('template'))}) }}` });
    }
    const path = `static/models/organism-assistant/${name}`;
    return route.fulfill(name.startsWith('personas') ? { status: 404 } : { path });
  });
  await open(page, '/extract/');
  const { nLayers, dModel } = await page.evaluate(() => personascope.info()!);
  for (const format of ['json', 'safetensors', 'gguf'] as const) {
    const vector: VectorFile = {
      ...{ name: `hostile ${format}`, label: short(`label-${format}`), description: long(`description-${format}`) },
      ...{ model: { id: short('made-on'), digest: null, nLayers, dModel }, layers: [1], units: 'raw difference' },
      ...{
        positions: null,
        contrast: null,
        steering: { mode: 'direct', layers: [1] },
        coherentUpTo: null,
        onset: null,
      },
      ...{ precision: 'F32', vectors: new Map([[1, new Float32Array(dModel).fill(0.1)]]) },
      provenance: { source: short('source'), promptSet: short('set'), createdAt: null, kept: null, quality: null },
    };
    const buffer = Buffer.from(writeVectorFile(vector, format));
    await page
      .getByTestId('import-vectors')
      .setInputFiles({ name: `${short('file')}.${format}`, mimeType: '', buffer });
    await expect(page.getByTestId('imported')).toContainText(`${evil}/description-${format}`);
    await expect(page.getByTestId('imported')).toContainText(short('source'));
  }
  const broken = { name: 'a.json', mimeType: '', buffer: Buffer.from(JSON.stringify({ [long('key')]: [['x']] })) };
  await page.getByTestId('import-vectors').setInputFiles(broken);
  await expect(page.getByRole('alert').first()).toBeVisible();
  await isUntouched();

  await page.getByTestId('to-observatory').click();
  await expect(page.getByText(short('label-gguf')).first()).toBeVisible();
  const openFolder = async (url: string) => {
    await page.getByTestId('model-status').click();
    if (!(await page.locator('#model-url').isVisible())) await page.getByText('Another model, by its address').click();
    await page.locator('#model-url').fill(url);
    await page.getByTestId('custom-model').getByRole('button', { name: 'Open' }).first().click();
  };
  await openFolder(folder('odd'));
  await expect(page.getByTestId('error').first()).toContainText(`${evil}/`);
  await openFolder(folder('hostile'));
  await page.waitForFunction((url) => personascope.info()?.id === url, folder('hostile'));
  await page.getByTestId('composer').fill('Hello');
  await page.getByTestId('composer').press('Enter');
  await expect(repliesOf(page).first()).toContainText(`${evil}/template`);
  await isUntouched();
});
