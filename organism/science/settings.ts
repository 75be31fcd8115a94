import { defaultSampling } from '../../src/lib/conversation/conversation';

/** How much is measured: counts are replies of one cell unless they say. */
export interface ScienceSettings {
  size: 'full' | 'small';
  seed: number;
  temperature: number;
  maxTokens: number;
  /** Pools of four replies a role. */
  poolsPerRole: number;
  /** Of the roles, evenly spread; null: all. */
  roles: number | null;
  ordinary: number;
  definitions: number;
  chats: number;
  visitors: number;
  /** Of the replies to both: a reply that is cut is not well-formed. */
  chatTokens: number;
  harms: number;
  /** Replies a role of BASE, and of its default. */
  baseSamples: { role: number; default: number };
  /** Null: every shipped trait. */
  traits: string[] | null;
  /** Replies that each label of a shuffled control is made from. */
  shuffledSamples: number;
  /** Draws of each control, which share the held-out questions: a single one may by chance lie along the vector. */
  twins: number;
  /** Questions that the yardstick of coherence is taken from, three replies each. */
  ownQuestions: number;
  heldOut: number;
  /** At no, half and full scale of each dial: what `evaluate.py dials` asks 300 times. */
  dial: number;
  /** Traits whose vector is subtracted from a model that was asked to show them; null: every shipped one. */
  opposed: string[] | null;
  opposedHeldOut: number;
  /** Of a random vector. */
  opposedControls: number;
  monitored: string[];
  /** Questions that each graded prompt is asked. */
  monitoredQuestions: number;
  /**
   * Harmful requests to each jailbreak, and how many of them under a cap on a random direction; definitions under the cap;
   * ordinary replies that the random cap's floor is taken from.
   */
  jailbreaks: { prompts: number; requests: number; controls: number; definitions: number; ordinary: number };
  /** Conversations of each kind, and turns of each. */
  drift: { conversations: number; turns: number };
  /** `scale`: shares of the dial's full scale away from the Assistant. */
  identity: { questions: number; scale: number[]; /** Of a random vector. */ controls: number };
  coins: number;
}

export const full: ScienceSettings = {
  ...{ size: 'full', seed: 13_000, temperature: defaultSampling.temperature, maxTokens: 40 },
  ...{ poolsPerRole: 4, roles: null, ordinary: 100, definitions: 110, chats: 110, visitors: 200, chatTokens: 80, harms: 115 },
  baseSamples: { role: 8, default: 32 },
  ...{ traits: null, shuffledSamples: 24, twins: 5, ownQuestions: 30 },
  ...{ heldOut: 100, dial: 6, opposed: null, opposedHeldOut: 100, opposedControls: 40 },
  ...{ monitored: ['pirate', 'poetic', 'malicious', 'sycophantic', 'hallucinating'], monitoredQuestions: 8 },
  jailbreaks: { prompts: 12, requests: 9, controls: 3, definitions: 100, ordinary: 24 },
  drift: { conversations: 28, turns: 4 },
  identity: { questions: 100, scale: [0, 0.5, 0.75, 1], controls: 100 },
  coins: 50,
};

/** Runs every line of the suite in minutes on a software GPU; its figures are too few to mean anything. */
export const small: ScienceSettings = {
  ...{ size: 'small', seed: 9_000, temperature: defaultSampling.temperature, maxTokens: 24 },
  ...{ poolsPerRole: 1, roles: 2, ordinary: 2, definitions: 2, chats: 2, visitors: 2, chatTokens: 24, harms: 2 },
  baseSamples: { role: 1, default: 2 },
  ...{ traits: ['pirate'], shuffledSamples: 4, twins: 2, ownQuestions: 1 },
  ...{ heldOut: 2, dial: 1, opposed: ['pirate'], opposedHeldOut: 2, opposedControls: 2 },
  ...{ monitored: ['pirate'], monitoredQuestions: 1 },
  jailbreaks: { prompts: 2, requests: 1, controls: 1, definitions: 2, ordinary: 2 },
  drift: { conversations: 1, turns: 2 },
  identity: { questions: 2, scale: [0, 1], controls: 2 },
  coins: 2,
};
