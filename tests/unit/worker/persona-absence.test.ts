import { expect, it } from 'vitest';
import { downloadPersonaSpace } from '../../../src/lib/worker/persona-download';
import { serve, type Files } from '../llama/tiny-model';

const digest = async () => 'none';
const find = (files: Files) => {
  const server = serve(files);
  return { ...server, found: downloadPersonaSpace(server.url, digest, { fetch: server.fetch, retryDelay: 1 }) };
};
const answer = (status: number) => ({ 'personas.json': new Response('', { status }) });
const page = { headers: { 'content-type': 'text/html' } };

it.each<[string, Files]>([
  ['404', answer(404)],
  ['403', answer(403)],
  ['410', answer(410)],
  ['its page', { 'personas.json': new Response('<!doctype html>', page) }],
])('a folder whose server answers %s has no persona space', async (_, files) => {
  expect(await find(files).found).toBeNull();
});

it.each([500, 503, 429])(
  'a %i is asked again, and then said: nothing is known of the persona space',
  async (status) => {
    const { asked, found } = find(answer(status));
    const message = `personas.json: the download failed after 4 attempts: the server answered ${status}.`;
    await expect(found).rejects.toThrow(expect.objectContaining({ name: 'DownloadFailed', message }));
    expect(asked.filter((name) => name === 'personas.json')).toHaveLength(4);
  },
);

it('so is a connection that breaks, and a login that is wanted', async () => {
  const fetch = async () => Promise.reject(new TypeError('network error'));
  const broken = downloadPersonaSpace('https://models.test/', digest, { fetch, retryDelay: 1 });
  await expect(broken).rejects.toThrow('personas.json: the download failed after 4 attempts: network error.');
  await expect(find(answer(401)).found).rejects.toThrow('personas.json: the server answered 401: it wants a login');
});
