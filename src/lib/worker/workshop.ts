/** Extraction on the loaded model: runs it between a visitor's replies, keeps what is done, and knows what was made before. */
import { anySignal } from '../browser';
import { PersonascopeError } from '../errors';
import { assemblePersonas } from '../extract/assemble';
import { readClassifiers, type Classifiers } from '../extract/classifier';
import { draftTrait } from '../extract/draft-trait';
import { parseSettings, resolveTrait, type ExtractRequest } from '../extract/extract-request';
import { sampleSpace } from '../extract/extract-space';
import { extractTrait } from '../extract/extract-trait';
import { readSpaceRecord, readUnfinished, readVectorRecord } from '../extract/kept-records';
import { ProgressMeter, type ExtractionProgress } from '../extract/progress';
import { loadPromptSet } from '../extract/ready-made';
import type { ExtractedVector, ImportedVector, SpaceRecord, UnfinishedJob, VectorRecord } from '../extract/records';
import { RememberingEngine, ReplyMemory } from '../extract/reply-memory';
import { capLayers, reportSpace } from '../extract/space-report';
import { mergeSums, spaceFromSums, type SpaceSums } from '../extract/space-sums';
import { planSpace, type SpaceRequest } from '../extract/space-request';
import { limits } from '../limits';
import { parsePersonaEntry } from '../personas/persona-schema';
import type { PersonaEntry } from '../personas/persona-space';
import type { VectorBook } from '../personas/vector-book';
import { downloadJson } from '../downloads/download';
import { personaOf } from '../vectors/persona-vector';
import { readVectorFile } from '../vectors/read-vector-file';
import { badFile } from '../formats/bad-file';
import { openRecords, within, type Records } from '../storage/records';
import { embeddedModels } from '../downloads/embedded-models';
import type { Engine } from '../engine/engine';
import type { Opened } from './open-model';
import type { PersonaFiles } from '../personas/persona-files';
import { scorerOf } from './score-reply';
import { decodeSums, encodeSums } from '../extract/sums-file';
import type { Turns } from './turns';

interface Run {
  signal: AbortSignal;
  emit: (progress: ExtractionProgress) => void;
}

export class Workshop {
  readonly #answers: Records;
  readonly #jobs: Records;
  readonly #vectors: Records;
  readonly #spaces: Records;
  readonly #turns: Turns;
  #running: AbortController | null = null;
  #settled: Promise<unknown> = Promise.resolve();

  /** @param open where it keeps what it makes */
  constructor(turns: Turns, open = openRecords) {
    this.#turns = turns;
    this.#answers = open('personascope-extract-answers', 'answers', { isBulky: true });
    this.#jobs = open('personascope-extract-jobs', 'jobs');
    this.#vectors = open('personascope-extract-vectors', 'vectors');
    this.#spaces = open('personascope-extract-spaces', 'spaces');
  }

  /** Ends what is under way; what it has done stays. Resolves when the engine is let go. */
  async stop(): Promise<void> {
    this.#running?.abort(new PersonascopeError('Aborted', 'Another model was loaded.'));
    await this.#settled;
  }

  /** Puts the vectors that were made of this model into its book. A record that cannot be read is left out and stays. */
  async restore({ engine, book, digest }: Opened): Promise<VectorRecord[]> {
    const kept = within(this.#vectors, `${await digest()} `);
    const restored: VectorRecord[] = [];
    for (const name of await kept.keys()) {
      const record = readVectorRecord(await kept.get(name), engine.info);
      if (!record) continue;
      try {
        book.add(record.entry, record.vector);
        restored.push(record);
      } catch (cause) {
        if (!(cause instanceof PersonascopeError)) throw cause;
      }
    }
    return restored.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
  }

  /** The persona space that was computed of this model here; null also for a record that none can be made of, which stays. */
  async restoreSpace(opened: Pick<Opened, 'engine' | 'digest'>): Promise<PersonaFiles | null> {
    const record = await this.space(opened);
    try {
      return record && this.#assemble(opened.engine, record);
    } catch (cause) {
      if (!(cause instanceof PersonascopeError)) throw cause;
      return null;
    }
  }

  async unfinished({ digest }: Opened): Promise<UnfinishedJob | null> {
    return readUnfinished(await this.#jobs.get(await digest()));
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

  /**
   * Keeps every vector of a file; one whose name is taken gets a number.
   *
   * @throws PersonascopeError `BadRequest` if one of them is faulty or does not fit the loaded model, `StorageFull`; then none is kept
   */
  async importVectors(opened: Opened, file: File): Promise<ImportedVector[]> {
    const { engine, book } = opened;
    checkReadable(engine);
    const bytes = await readFile(file, limits.vectorFile);
    const vectors = readVectorFile(bytes, file.name, engine.info);
    const digest = await opened.digest();
    const personas = vectors.map((vector) => personaOf(vector, { ...engine.info, digest }));
    const kept: ImportedVector[] = [];
    try {
      for (const { entry, vector, header } of personas) {
        const named = { ...entry, ...freeName(entry, file.name, book) };
        const record: ImportedVector = {
          ...{ entry: parsePersonaEntry(named), vector, evidence: null },
          origin: { file: file.name.slice(-limits.name), header },
          ...{ promptSet: header.provenance.promptSet, createdAt: new Date().toISOString() },
        };
        kept.push(record);
        await this.#keep(opened, record);
      }
    } catch (cause) {
      const names = kept.map(({ entry }) => entry.name);
      for (const name of names) book.remove(name);
      await this.#vectors.delete(names.map((name) => `${digest} ${name}`));
      throw cause;
    }
    return kept;
  }

  async #keep<R extends VectorRecord>({ engine, book, digest }: Opened, record: R): Promise<R> {
    book.add(record.entry, record.vector);
    const key = `${await digest()} ${record.entry.name}`;
    await replace(this.#vectors, key, record, (before) => readVectorRecord(before, engine.info) !== null);
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

  async space({ engine, digest }: Pick<Opened, 'engine' | 'digest'>): Promise<SpaceRecord | null> {
    return readSpaceRecord(await this.#spaces.get(await digest()), engine.info);
  }

  /** What was sampled, as a file that other machines can add theirs to. */
  async exportSums(opened: Opened): Promise<Uint8Array<ArrayBuffer>> {
    const record = await this.space(opened);
    if (!record) throw new PersonascopeError('BadRequest', 'No persona space was computed here yet.', 'Run it first.');
    return encodeSums(record.sums);
  }

  /** Adds what other machines sampled of the same model. */
  async mergeSums(opened: Opened, files: readonly File[]): Promise<SpaceRecord> {
    const own = await this.space(opened);
    const parts = own ? [own.sums] : [];
    for (const file of files) parts.push(decodeSums(await readFile(file, limits.sumsFile)));
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
      const working = work(memory, { signal: anySignal([signal, controller.signal]), emit: note });
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
    const isReadable = (before: unknown) => readSpaceRecord(before, opened.engine.info) !== null;
    await replace(this.#spaces, await opened.digest(), record, isReadable);
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

/** What is there and cannot be read, at least by this version, is put aside first. */
async function replace(
  records: Records,
  key: string,
  record: unknown,
  isReadable: (before: unknown) => boolean,
): Promise<void> {
  const before = await records.get(key);
  if (before !== undefined && !isReadable(before)) {
    await records.set(`aside ${new Date().toISOString()} ${key}`, before);
  }
  await records.set(key, record);
}

/**
 * A file that a visitor chose.
 * @param limit bytes
 * @throws PersonascopeError `BadRequest` naming it, if it is larger or has gone
 */
async function readFile(file: File, limit: number): Promise<Uint8Array> {
  if (file.size > limit) throw badFile(`${file.name}:`, `${file.size} bytes are more than ${limit}`);
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    throw badFile(`${file.name}:`, 'the browser could not read it', { cause });
  }
}

/** @param file its name tells two vectors of one label apart */
function freeName({ name, label }: PersonaEntry, file: string, book: VectorBook): Pick<PersonaEntry, 'name' | 'label'> {
  let free = name;
  for (let i = 2; book.has(free); i++) free = `${name.slice(0, 95)}-${i}`;
  return { name: free, label: free === name ? label : `${label}, ${file}`.slice(0, limits.name) };
}

function checkReadable({ info }: Engine): void {
  if (info.taps === 'verified') return;
  const reason = info.tapsReason ?? 'its residual stream is out of reach';
  const message = `This model can be neither read nor steered: ${reason}.`;
  throw new PersonascopeError('NotSupported', message, 'Choose a model whose taps are verified.');
}

/** Null where they are not there. @param url the model's folder */
async function downloadClassifiers(url: string, signal: AbortSignal): Promise<Classifiers | null> {
  const folder = url.endsWith('/') ? url : `${url}/`;
  const address = new URL(`${folder}../organism-judges.json`);
  const json = await downloadJson(address, limits.classifiers, { signal, isOptional: true });
  return json === undefined ? null : readClassifiers(json);
}
