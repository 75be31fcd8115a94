/** What a reply was written under that the one before it was not: "System prompt: You are a cook."; '' for nothing new. */
import { modelKey } from '../conversation/conversation';
import { isolate } from './isolate';
import type { ReplySetting } from './reply.svelte';

type Setting = Pick<ReplySetting, 'model' | 'system'>;

/**
 * @param before null for the conversation's first reply
 * @param nameOf a model's name for a reader
 */
export function describeSetting(
  now: Setting,
  before: Setting | null,
  nameOf: (model: Setting['model']) => string,
): string {
  const changes: string[] = [];
  if (before && modelKey(now.model) !== modelKey(before.model)) changes.push(`Model: ${nameOf(now.model)}.`);
  if (now.system !== (before?.system ?? '')) {
    changes.push(now.system ? `System prompt: ${isolate(now.system)}` : 'No system prompt.');
  }
  return changes.join(' ');
}
