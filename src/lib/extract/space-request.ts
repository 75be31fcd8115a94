/** How much of a persona space is sampled. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import type { RolePrompts } from './prompts';
import type { PromptSet } from './ready-made';

export interface SpaceRequest {
  /** `quick`: a few roles of every family, a few replies each. `full`: every role, prompt and question. Default: quick. */
  size?: 'quick' | 'full';
  /** Replies a role; default 6, or all of a full run. */
  samplesPerRole?: number;
  /** Roles of each family; default 4, or all of a full run. */
  rolesPerFamily?: number;
  /** Default 48. */
  maxTokens?: number;
  /** Machines that share the work take different ones, so that their replies differ. */
  seed?: number;
}

export interface SpacePlan {
  name: string;
  isQuick: boolean;
  roles: RolePrompts;
  questions: string[];
  replies: number;
  settings: {
    samplesPerRole: number;
    samplesOfDefault: number;
    maxTokens: number;
    temperature: number;
    seed: number;
    normReplies: number;
  };
}

const count = (low: number, high: number) => v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high));
const schema = v.object({
  size: v.optional(v.picklist(['quick', 'full']), 'quick'),
  samplesPerRole: v.optional(count(1, 10_000)),
  rolesPerFamily: v.optional(count(1, 1_000)),
  maxTokens: v.optional(count(2, limits.extractionTokens), 48),
  seed: v.optional(count(0, limits.extractionSeed), 1),
});

/** @throws PersonascopeError `BadRequest` naming the field */
export function planSpace(request: SpaceRequest, prompts: PromptSet): SpacePlan {
  const result = v.safeParse(schema, request ?? {}, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    const message = `${v.getDotPath(issue) ?? 'request'}: ${issue.message}.`;
    throw new PersonascopeError('BadRequest', message, 'Correct the request and send it again.');
  }
  const { size, maxTokens, seed, ...asked } = result.output;
  const isQuick = size === 'quick';
  const perFamily = asked.rolesPerFamily ?? (isQuick ? 4 : Infinity);
  const roles = prompts.roles.roles.filter(
    ({ family }, i, all) => all.slice(0, i).filter((other) => other.family === family).length < perFamily,
  );
  const most = Math.max(...roles.map((role) => role.prompts.length)) * prompts.questions.length;
  const samplesPerRole = Math.min(most, asked.samplesPerRole ?? (isQuick ? 6 : Infinity));
  // A place is the speaker's and the questions': the default answers the very questions that the roles do, each as often.
  const questions = prompts.questions.slice(0, samplesPerRole);
  const rounds = Math.min(prompts.roles.neutral.length, isQuick ? Math.ceil(24 / questions.length) : Infinity);
  const samplesOfDefault = rounds * questions.length;
  return {
    ...{ name: prompts.name, isQuick, roles: { ...prompts.roles, roles }, questions },
    replies: roles.length * samplesPerRole + samplesOfDefault,
    settings: { ...{ samplesPerRole, samplesOfDefault, maxTokens, seed }, temperature: 0.7, normReplies: 8 },
  };
}
