import { expect, it } from 'vitest';
import { Turns } from '../../../src/lib/worker/turns';

/** A reply that ends when told. */
function reply(log: string[], name: string) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const work = async () => {
    log.push(`${name} begins`);
    await ended;
    log.push(`${name} ends`);
  };
  return { work, end };
}
const settle = () => new Promise((resolve) => setTimeout(resolve));

it('a visitor waits for the reply under way, and goes before the next', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const [first, second, visitor] = ['first', 'second', 'visitor'].map((name) => reply(log, name));
  const extraction = (async () => {
    await turns.background(first!.work);
    await turns.background(second!.work);
  })();
  const chat = turns.visitor(visitor!.work);
  await settle();
  expect(log).toEqual(['first begins']);
  expect([turns.isVisitorSpeaking, turns.isVisitorWaiting]).toEqual([false, true]);
  first!.end();
  await settle();
  expect(log).toEqual(['first begins', 'first ends', 'visitor begins']);
  expect([turns.isVisitorSpeaking, turns.isVisitorWaiting]).toEqual([true, false]);
  visitor!.end();
  await chat;
  await settle();
  expect(log.slice(3)).toEqual(['visitor ends', 'second begins']);
  second!.end();
  await extraction;
});

it('a reply that fails lets the visitor speak', async () => {
  const turns = new Turns();
  const failing = turns.background(() => Promise.reject(new Error('too strong')));
  await expect(turns.visitor(async () => 'said')).resolves.toBe('said');
  await expect(failing).rejects.toThrow('too strong');
});
