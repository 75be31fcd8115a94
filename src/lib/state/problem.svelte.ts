/** "Report a problem": gathers what a report says, shows it, copies it. */
import { version as build } from '$app/environment';
import { version } from '../../../package.json';
import { type PersonascopeError } from '../errors';
import { describeAdapter, requestAdapter } from '../gpu/device';
import { modelKey, type Conversation } from '../conversation/conversation';
import { asError } from './as-error';
import { copyText } from './clipboard';
import type { ConversationState } from './conversation.svelte';
import type { LinkState } from './link.svelte';
import type { Mirror } from './mirror.svelte';
import { writeReport, type ReportFacts } from './report';
import type { Session } from './session.svelte';

/** Those that an engine may run into. */
const limits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const;

interface Sources {
  session: Session;
  conversation: ConversationState;
  link: LinkState;
  mirror: Mirror;
}

export class Problem {
  isOpen = $state(false);
  /** What is copied; null while it is gathered. */
  text = $state<string | null>(null);
  isCopied = $state(false);
  readonly #app: Sources;

  constructor(app: Sources) {
    this.#app = app;
  }

  /** @param error the one that is reported; default: what stopped the model, if anything did */
  async report(error: PersonascopeError | null = this.#app.session.error): Promise<void> {
    this.text = null;
    this.isCopied = false;
    this.isOpen = true;
    const { session, conversation, link, mirror } = this.#app;
    const { wanted, info } = session;
    const id = info?.id ?? (wanted === null ? null : modelKey(wanted));
    const engine = info?.engine ?? (typeof wanted === 'object' ? wanted?.engine : undefined) ?? 'not loaded';
    const facts: ReportFacts = {
      page: { version, commit: __COMMIT__, build },
      browser: navigator.userAgent,
      isSecure: isSecureContext,
      gpu: await describeGpu(),
      model: id === null ? null : { id, engine },
      error,
    };
    const here = conversation.export(id ?? 'unknown');
    const words = [here, link.conversation].flatMap((said) => (said ? wordsIn(said) : []));
    const addresses = [mirror.url, mirror.offered ?? ''];
    this.text = writeReport(facts, { words, addresses, origin: location.origin });
    this.isCopied = await copyText(this.text);
  }
}

async function describeGpu(): Promise<ReportFacts['gpu']> {
  try {
    const adapter = await requestAdapter();
    const { name } = await describeAdapter(adapter);
    const given = Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]]));
    return { name, limits: given, features: [...adapter.features].sort() };
  } catch (cause) {
    return { none: asError(cause).message };
  }
}

/** Everything that was said, asked for or set. */
function wordsIn({ system, turns }: Conversation): string[] {
  const said = turns.flatMap(({ user, replies }) => [
    user,
    ...replies.flatMap(({ text, system }) => [text, system ?? '']),
  ]);
  return [system, ...said].filter(Boolean);
}
