/** The workshop: the trait on the bench, what is being extracted, and what came of it. */
import { PersonascopeError } from '../errors';
import { draftTrait } from '../extract/draft-trait';
import type { ExtractRequest, TraitDefinition } from '../extract/extract-request';
import type { ExtractionProgress } from '../extract/progress';
import type { Trait } from '../extract/prompts';
import { loadPromptSet, type PromptSet } from '../extract/ready-made';
import type { ExtractedVector, ImportedVector, SpaceRecord, VectorRecord } from '../extract/records';
import { planSpace, type SpaceRequest } from '../extract/space-request';
import type { Contrast } from '../personas/persona-space';
import { asError } from './as-error';
import { saveFile } from './save-file';
import type { Session } from './session.svelte';
import type { SavedFile } from './vector-files';

/** What coherence is held against, for those who show it. */
export { coherentShare, largestKl, surpriseFactor } from '../extract/coherence';

export type RunSize = 'small' | 'standard' | 'thorough';

/** What the sizes of a run mean. */
const runSizes: Record<RunSize, Omit<ExtractRequest, 'trait' | 'contrast'>> = {
  small: { samplesPerPolarity: 8, heldOut: 4, coefficients: [0.5, 1, 1.75] },
  standard: { samplesPerPolarity: 24, heldOut: 8 },
  thorough: { samplesPerPolarity: 60, heldOut: 20, coefficients: [0.3, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] },
};

export class Workbench {
  readonly #session: Session;
  prompts = $state.raw<PromptSet | null>(null);
  /** What the form holds; lists are one text a line. */
  draft = $state<TraitDefinition & { questions: string[]; held_out: string[]; positive: string[]; negative: string[] }>(
    emptyDraft(),
  );
  size = $state<RunSize>('standard');
  #contrast = $state<Contrast | null>(null);
  /** What is shown on the bench: the form, a vector that was made here, or persona space. */
  shown = $state<'trait' | 'space' | { vector: string }>('trait');
  running = $state<'trait' | 'space' | null>(null);
  progress = $state.raw<ExtractionProgress | null>(null);
  error = $state.raw<PersonascopeError | null>(null);
  /** What the file that was exported last does not carry. */
  notice = $state.raw<string | null>(null);
  space = $state.raw<SpaceRecord | null>(null);
  #abort: AbortController | null = null;
  #loadedFor: string | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** What the vector is to point away from: as the model's shipped vectors, until chosen. */
  get contrast(): Contrast {
    return this.#contrast ?? this.#session.space?.personas[0]?.contrast ?? 'opposite';
  }

  set contrast(chosen: Contrast) {
    this.#contrast = chosen;
  }

  readonly record = $derived.by((): VectorRecord | null => {
    const { shown } = this;
    if (typeof shown === 'string') return null;
    return this.#session.ownVectors.find(({ entry }) => entry.name === shown.vector) ?? null;
  });

  readonly extracted = $derived(this.record?.evidence ? (this.record as ExtractedVector) : null);
  readonly imported = $derived(this.record?.origin ? (this.record as ImportedVector) : null);

  /** Prompts and results of the model that is loaded now. */
  async open(): Promise<void> {
    const id = this.#session.info?.id;
    if (!id || this.#loadedFor === id) return;
    this.#loadedFor = id;
    this.space = null;
    try {
      const isUntouched = this.#isUntouched();
      const prompts = await loadPromptSet(this.#session.isEmbedded);
      this.prompts = prompts;
      // What is shown stays: the visitor may have chosen already. What was written stays too.
      if (isUntouched) this.#lay(prompts.traits[0]!);
      this.space = await this.#session.call('space', null);
    } catch (cause) {
      this.error = asError(cause);
    }
  }

  /** Nothing on the bench is the visitor's own. */
  #isUntouched(): boolean {
    const written = this.#definition();
    const isEmpty = Object.values(this.draft).every((value) => value.length === 0);
    return isEmpty || (this.prompts?.traits.some((trait) => isSame(trait, written)) ?? false);
  }

  /** Puts a ready-made trait on the bench. */
  take(trait: Trait): void {
    this.#lay(trait);
    this.shown = 'trait';
  }

  #lay(trait: Trait): void {
    const { name, label, description, positive, negative, questions, held_out } = $state.snapshot(trait) as Trait;
    this.draft = { name, label, description, positive, negative, questions, held_out };
  }

  /** An empty bench. */
  begin(): void {
    this.draft = emptyDraft();
    this.shown = 'trait';
  }

  /** Fills what is empty from name and description. */
  fill(): void {
    if (this.prompts) this.take(draftTrait(this.#definition(), this.prompts.pool));
  }

  async extract(): Promise<void> {
    const definition = this.#definition();
    const isReady = this.prompts?.traits.some((trait) => isSame(trait, definition));
    const { contrast } = this;
    await this.run({ trait: isReady ? definition.name : definition, contrast, ...runSizes[this.size] });
  }

  /** What the form says; what it leaves empty is drafted. */
  #definition(): TraitDefinition {
    const { name, ...rest } = $state.snapshot(this.draft);
    const isRenamed = rest.label !== this.prompts?.traits.find((trait) => trait.name === name)?.label;
    const given = Object.entries(rest).filter(
      ([field, value]) => value.length > 0 && !(field === 'label' && isRenamed),
    );
    return { name: name.trim(), ...Object.fromEntries(given) };
  }

  async run(request: ExtractRequest): Promise<void> {
    await this.#work('trait', async (options) => {
      const { entry } = await this.#session.extract(request, options);
      this.shown = { vector: entry.name };
    });
  }

  async runSpace(request: SpaceRequest): Promise<void> {
    await this.#work('space', async (options) => {
      this.space = await this.#session.extractSpace(request, options);
      this.shown = 'space';
    });
  }

  /** Goes on with what was interrupted. */
  async resume(): Promise<void> {
    const job = this.#session.unfinished;
    if (!job || this.running) return;
    if (job.kind === 'space') await this.runSpace(job.request as SpaceRequest);
    else await this.run(job.request as ExtractRequest);
  }

  /** What was done stays, and the run can be taken up again. */
  pause(): void {
    this.#abort?.abort();
  }

  async cancel(): Promise<void> {
    this.pause();
    while (this.running) await new Promise((resolve) => setTimeout(resolve, 50));
    await this.discard();
  }

  async discard(): Promise<void> {
    await this.#attempt(() => this.#session.discardUnfinished());
  }

  async forget(name: string): Promise<void> {
    await this.#attempt(() => this.#session.forgetVector(name));
    this.shown = 'trait';
  }

  /** The vectors of the files have dials from then on. */
  async importFiles(files: readonly File[]): Promise<void> {
    await this.#attempt(async () => {
      for (const file of files) {
        const records = await this.#session.importVectors(file);
        this.shown = { vector: records.at(-1)!.entry.name };
      }
    });
  }

  async export(make: (session: Session) => Promise<SavedFile>): Promise<void> {
    await this.#attempt(async () => {
      const file = await make(this.#session);
      saveFile(file);
      this.notice = file.notice ? `${file.name}: ${file.notice}` : null;
    });
  }

  /** Replies that a run of persona space writes, and roles it asks. */
  planned(size: 'quick' | 'full'): { replies: number; roles: number } | null {
    if (!this.prompts) return null;
    const { replies, roles } = planSpace({ size }, this.prompts);
    return { replies, roles: roles.roles.length };
  }

  async merge(files: File[]): Promise<void> {
    await this.#attempt(async () => (this.space = await this.#session.mergeSums(files)));
  }

  async #work(
    kind: 'trait' | 'space',
    work: (options: { signal: AbortSignal; onEvent: (progress: ExtractionProgress) => void }) => Promise<void>,
  ): Promise<void> {
    if (this.running) return;
    const abort = (this.#abort = new AbortController());
    this.running = kind;
    this.progress = null;
    await this.#attempt(() => work({ signal: abort.signal, onEvent: (progress) => (this.progress = progress) }));
    await this.#session.findUnfinished();
    this.running = null;
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    this.error = null;
    this.notice = null;
    try {
      await work();
    } catch (cause) {
      const error = asError(cause);
      if (error.name !== 'Aborted') this.error = error;
    }
  }
}

function emptyDraft() {
  return {
    name: '',
    label: '',
    description: '',
    positive: [] as string[],
    negative: [] as string[],
    questions: [] as string[],
    held_out: [] as string[],
  };
}

function isSame(trait: Trait, { name, description, ...lists }: TraitDefinition): boolean {
  const fields = ['positive', 'negative', 'questions', 'held_out'] as const;
  const isEqual = fields.every((field) => trait[field].join('\n') === lists[field]?.join('\n'));
  return trait.name === name && trait.description === description && isEqual;
}
