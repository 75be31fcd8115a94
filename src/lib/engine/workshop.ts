/** Extraction on the loaded model: runs it between a visitor's replies, keeps what is done, and knows what was made before. */
import { PersonascopeError } from '../errors';
import { assemblePersonas } from '../extract/assemble';
import { readClassifiers, type Classifiers } from '../extract/classifier';
import { draftTrait } from '../extract/draft-trait';
import { parseSettings, resolveTrait, type ExtractRequest } from '../extract/extract-request';
import { sampleSpace } from '../extract/extract-space';
import { extractTrait } from '../extract/extract-trait';
import { ProgressMeter, type ExtractionProgress } from '../extract/progress';
import { loadPromptSet } from '../extract/ready-made';
import type { ExtractedVector, SpaceRecord, UnfinishedJob, VectorRecord } from '../extract/records';
import { RememberingEngine, ReplyMemory } from '../extract/reply-memory';
import { capLayers, reportSpace } from '../extract/space-report';
import { mergeSums, spaceFromSums, type SpaceSums } from '../extract/space-sums';
import { planSpace, type SpaceRequest } from '../extract/space-request';
import { parsePersonaEntry } from '../interp/persona-schema';
import { downloadJson } from '../net/download';
import { openRecords, within } from '../storage/records';
import { embeddedModels } from './catalogue';
import type { Engine } from './engine';
import type { Opened } from './open-model';
import type { PersonaFiles } from './persona-files';
import type { Methods } from './protocol';
import { scorerOf } from './score-reply';
import { decodeSums, encodeSums } from './sums-file';
import type { Turns } from './turns';

interface Run {
  signal: AbortSignal;
  emit: (progress: ExtractionProgress) => void;
}

export class Workshop {
  readonly #answers = openRecords('personascope-extract-answers', 'answers');
  readonly #jobs = openRecords('personascope-extract-jobs', 'jobs');
  readonly #vectors = openRecords('personascope-extract-vectors', 'vectors');
  readonly #spaces = openRecords('personascope-extract-spaces', 'spaces');
  readonly #turns: Turns;
  #running: AbortController | null = null;
  #settled: Promise<unknown> = Promise.resolve();

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Ends what is under way; what it has done stays. Resolves when the engine is let go. */
  async stop(): Promise<void> {
    this.#running?.abort(new PersonascopeError('Aborted', 'Another model was loaded.'));
    await this.#settled;
  }

  /** Puts the vectors that were made of this model into its book. A record that cannot be read is left out and stays. */
  async restore({ book, digest }: Opened): Promise<VectorRecord[]> {
    const kept = within(this.#vectors, `${await digest()} `);
    const restored: VectorRecord[] = [];
    for (const name of await kept.keys()) {
      const record = (await kept.get(name)) as VectorRecord;
      // Kept by a version that measured less.
      if (!('origin' in record)) continue;
      try {
        book.add(parsePersonaEntry(record.entry), record.vector);
        restored.push(record);
      } catch (cause) {
        if (!(cause instanceof PersonascopeError)) throw cause;
      }
    }
    return restored.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
  }

  /** The persona space that was computed of this model here. */
  async restoreSpace(opened: Pick<Opened, 'engine' | 'digest'>): Promise<PersonaFiles | null> {
    const record = await this.space(opened);
    return record && this.#assemble(opened.engine, record);
  }

  async unfinished({ digest }: Opened): Promise<UnfinishedJob | null> {
    return ((await this.#jobs.get(await digest())) as UnfinishedJob | undefined) ?? null;
  }

  async extract(opened: Opened, request: ExtractRequest, run: Run): Promise<ExtractedVector> {
    const { engine, tokenizer, space, book } = opened;
    const isEmbedded = embeddedModels.some(({ id }) => id === engine.info.id);
    const prompts = await loadPromptSet(isEmbedded);
    const settings = parseSettings(request ?? {});
    const trait = resolveTrait(request?.trait, prompts.traits, (given) => draftTrait(given, prompts.pool));
    if (book.isReserved(trait.name)) {
      const reason = `trait.name: "${trait.name}" is one of the model's own axes, components or roles.`;
      throw new PersonascopeError('BadRequest', reason, 'Choose another name.');
    }
    checkReadable(engine);
    const shared = this.#share(engine);
    return this.#job(opened, { kind: 'trait', request, label: trait.label }, run, async (memory, { signal, emit }) => {
      const { entry, vector, evidence } = await extractTrait(shared, trait, settings, {
        ...{ memory, signal, onProgress: emit, canJudge: !isEmbedded },
        score: scorerOf(shared, tokenizer),
        classifiers: isEmbedded ? await downloadClassifiers(opened.url, signal) : null,
        shipped: space?.personas[0] ?? null,
        residualNorm: space?.residualNorm ?? null,
      });
      const isShipped = space?.personas.some(({ name }) => name === entry.name);
      const named = isShipped ? { ...entry, name: `my-${entry.name}`, label: `${entry.label}, mine` } : entry;
      return this.#keep(opened, {
        ...{ entry: named, vector: Float32Array.from(vector), evidence, origin: null },
        ...{ promptSet: prompts.name, createdAt: new Date().toISOString() },
      });
    });
  }

  /** One that came from a file. If its name is taken, it gets a number. */
  async keep(opened: Opened, { entry, vector, origin }: Methods['keepVector']['request']): Promise<VectorRecord> {
    checkReadable(opened.engine);
    let name = entry.name;
    for (let i = 2; opened.book.has(name); i++) name = `${entry.name.slice(0, 95)}-${i}`;
    const label = name === entry.name ? entry.label : `${entry.label}, ${origin.file}`.slice(0, 200);
    return this.#keep(opened, {
      ...{ entry: parsePersonaEntry({ ...entry, name, label }), vector, evidence: null, origin },
      ...{ promptSet: origin.header.provenance.promptSet, createdAt: new Date().toISOString() },
    });
  }

  async #keep<R extends VectorRecord>({ book, digest }: Opened, record: R): Promise<R> {
    book.add(record.entry, record.vector);
    await this.#vectors.set(`${await digest()} ${record.entry.name}`, record);
    return record;
  }

  async extractSpace(opened: Opened, request: SpaceRequest, run: Run): Promise<SpaceRecord> {
    const { engine } = opened;
    const prompts = await loadPromptSet(embeddedModels.some(({ id }) => id === engine.info.id));
    const plan = planSpace(request, prompts);
    checkReadable(engine);
    const shared = this.#share(engine);
    const label = plan.isQuick ? 'Persona space, quick run' : 'Persona space, full run';
    return this.#job(opened, { kind: 'space', request, label }, run, async (memory, { signal, emit }) => {
      const meter = new ProgressMeter(plan.replies, emit, () => memory.counts.fresh);
      let last = 0;
      const sums = await sampleSpace(new RememberingEngine(shared, memory), plan.roles, plan.questions, {
        ...{ memory, signal, ...plan.settings },
        ...{ targetLayer: engine.info.targetLayer, cap: { layers: [] } },
        onProgress: ({ subject, done }) => {
          for (; last < done; last++) meter.step('roles', subject);
        },
      });
      // By what decides its replies: the same run of another machine, or of another day, would count them twice.
      const { seed, samplesPerRole, maxTokens } = plan.settings;
      const run = `machine ${seed}: ${plan.roles.roles.length} roles, ${samplesPerRole} replies of ${maxTokens} tokens`;
      return this.#keepSpace(opened, {
        ...sums,
        modelDigest: await opened.digest(),
        promptSet: plan.name,
        runs: [run],
      });
    });
  }

  async space({ digest }: Pick<Opened, 'digest'>): Promise<SpaceRecord | null> {
    return ((await this.#spaces.get(await digest())) as SpaceRecord | undefined) ?? null;
  }

  /** What was sampled, as a file that other machines can add theirs to. */
  async exportSums(opened: Opened): Promise<Uint8Array<ArrayBuffer>> {
    const record = await this.space(opened);
    if (!record) throw new PersonascopeError('BadRequest', 'No persona space was computed here yet.', 'Run it first.');
    return encodeSums(record.sums);
  }

  /** Adds what other machines sampled of the same model. */
  async mergeSums(opened: Opened, files: readonly Uint8Array[]): Promise<SpaceRecord> {
    const own = await this.space(opened);
    const parts = [...(own ? [own.sums] : []), ...files.map((file) => decodeSums(file))];
    const merged = mergeSums(parts);
    if (merged.modelDigest !== (await opened.digest())) {
      const message = 'These results are of other weights than the loaded model.';
      throw new PersonascopeError('BadRequest', message, 'Load the model that they were computed on.');
    }
    return this.#keepSpace(opened, merged);
  }

  async forgetVector({ book, digest }: Opened, name: string): Promise<void> {
    const key = `${await digest()} ${name}`;
    if ((await this.#vectors.get(key)) === undefined) {
      throw new PersonascopeError('BadRequest', `"${name.slice(0, 100)}" is no vector of this browser.`);
    }
    await this.#vectors.delete([key]);
    book.remove(name);
  }

  /** Gives up what was interrupted. */
  async discard({ digest }: Opened): Promise<void> {
    const model = await digest();
    const answers = within(this.#answers, `${model} `);
    await answers.delete(await answers.keys());
    await this.#jobs.delete([model]);
  }

  /** Runs it, keeping each answer until it is done; stopped, it can be asked for again and goes on. */
  async #job<T>(
    opened: Opened,
    job: Omit<UnfinishedJob, 'done' | 'total'>,
    { signal, emit }: Run,
    work: (memory: ReplyMemory, run: Run) => Promise<T>,
  ): Promise<T> {
    if (this.#running) {
      throw new PersonascopeError('Busy', 'An extraction is under way.', 'Pause it first, or wait until it is done.');
    }
    const controller = (this.#running = new AbortController());
    try {
      const model = await opened.digest();
      const before = await this.unfinished(opened);
      const isSame = before !== null && JSON.stringify(before.request) === JSON.stringify(job.request);
      if (!isSame) await this.discard(opened);
      const memory = new ReplyMemory(within(this.#answers, `${model} `));
      const note = (progress: ExtractionProgress) => {
        const { done, total } = progress;
        void this.#jobs.set(model, { ...job, done, total });
        emit(progress);
      };
      const working = work(memory, { signal: AbortSignal.any([signal, controller.signal]), emit: note });
      this.#settled = working.catch(() => undefined);
      const result = await working;
      await this.discard(opened);
      return result;
    } finally {
      this.#running = null;
    }
  }

  async #keepSpace(opened: Opened, sums: SpaceSums): Promise<SpaceRecord> {
    const { nLayers, dModel, targetLayer } = opened.engine.info;
    const extracted = spaceFromSums(sums, { targetLayer, cap: { layers: capLayers(nLayers) } });
    const report = reportSpace(extracted, dModel, sums.defaults.length);
    const record: SpaceRecord = { sums, report, createdAt: new Date().toISOString() };
    await this.#spaces.set(await opened.digest(), record);
    return record;
  }

  #assemble({ info }: Engine, { sums, createdAt }: SpaceRecord): PersonaFiles {
    const extracted = spaceFromSums(sums, { targetLayer: info.targetLayer, cap: { layers: capLayers(info.nLayers) } });
    const { modelDigest, promptSet } = sums;
    return assemblePersonas(info, { modelDigest, promptSet, createdAt }, extracted, [], null);
  }

  #share(engine: Engine): Engine {
    const { info } = engine;
    return {
      info,
      chat: (request, options) => this.#turns.background(() => engine.chat(request, options)),
      forward: (request, options) => this.#turns.background(() => engine.forward(request, options)),
      steer: () => null,
      destroy: () => undefined,
    };
  }
}

function checkReadable({ info }: Engine): void {
  if (info.taps === 'verified') return;
  const reason = info.tapsReason ?? 'its residual stream is out of reach';
  const message = `This model can be neither read nor steered: ${reason}.`;
  throw new PersonascopeError('NotSupported', message, 'Choose a model whose taps are verified.');
}

/** Bytes. */
const MAX_JUDGES = 2 ** 24;

/** Null where they are not there. @param url the model's folder */
async function downloadClassifiers(url: string, signal: AbortSignal): Promise<Classifiers | null> {
  const folder = url.endsWith('/') ? url : `${url}/`;
  const address = new URL(`${folder}../organism-judges.json`);
  const json = await downloadJson(address, MAX_JUDGES, { signal, isOptional: true });
  return json === undefined ? null : readClassifiers(json);
}
