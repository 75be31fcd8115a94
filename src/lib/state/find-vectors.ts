/** Vectors that a reply names, and what they are called here. */
import type { Intervention } from '../engine/intervention';
import type { Reply } from '../conversation/conversation';

type Steered = Pick<Reply, 'interventions' | 'schedule'>;

/** Each once. */
export function vectorNames({ interventions, schedule }: Steered): string[] {
  const all = [interventions, ...schedule.map((step) => step.interventions)].flat();
  return [...new Set(all.map(({ vector }) => vector).filter((vector) => typeof vector === 'string'))];
}

/**
 * The reply under the names that its vectors have here: one that came as a file may have got another name.
 *
 * @param known names and digests
 * @returns `others`: vectors that have the recorded name and other numbers; `missing`: those that are not here, each as a reader tells it
 */
export function findVectors(
  reply: Reply,
  known: readonly [name: string, digest: string][],
): { found: Reply; others: string[]; missing: string[] } {
  const here = new Map(known);
  const recorded = new Map(reply.madeWith?.vectors);
  const byDigest = new Map([...here].map(([name, digest]) => [digest, name]));
  const others = new Set<string>();
  const missing = new Set<string>();
  const find = (intervention: Intervention): Intervention => {
    const { vector } = intervention;
    if (typeof vector !== 'string') return intervention;
    const digest = recorded.get(vector);
    if (digest !== undefined && here.get(vector) !== digest) {
      const name = byDigest.get(digest);
      if (name !== undefined) return { ...intervention, vector: name };
      if (here.has(vector)) others.add(vector);
    }
    if (!here.has(vector)) missing.add(`“${vector}”${digest ? ` (SHA-256 ${digest.slice(0, 12)}…)` : ''}`);
    return intervention;
  };
  const schedule = reply.schedule.map((step) => ({ ...step, interventions: step.interventions.map(find) }));
  const found = { ...reply, interventions: reply.interventions.map(find), schedule };
  return { found, others: [...others], missing: [...missing] };
}
