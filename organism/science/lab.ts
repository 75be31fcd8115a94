/** Everything that is measured with, opened once: engines, vectors, prompts, judges. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import type { ChatTokenizer } from '../../src/lib/chat/tokenizer';
import type { ChatResult, Collected, CollectSite, Engine, Message } from '../../src/lib/engine/engine';
import type { PersonaFiles } from '../../src/lib/personas/persona-files';
import { scorerOf } from '../../src/lib/worker/score-reply';
import { PersonascopeError } from '../../src/lib/errors';
import { readClassifiers, type Classifiers } from '../../src/lib/extract/classifier';
import { asMessages, measureCoherence, type Coherence } from '../../src/lib/extract/coherence';
import { ownReplies } from '../../src/lib/extract/own-replies';
import { parseQuestions, parseRoles, parseTraits, type RolePrompts, type Trait } from '../../src/lib/extract/prompts';
import type { ResolvedIntervention, ResolvedProbe } from '../../src/lib/engine/intervention';
import { VectorBook } from '../../src/lib/personas/vector-book';
import { openFolder, readPersonaFolder } from '../model-folder';
import { readJson, readSettings, type Settings } from '../settings';
import { readCases, readFresh, readJudgeSets, type Cases, type Fresh, type JudgeSets } from './files';
import { Reader, type Written } from './judging';
import type { ScienceSettings } from './settings';

interface OpenModel {
  engine: Engine;
  digest: string;
  tokenizer: ChatTokenizer;
}

export interface Asked {
  seed: number;
  interventions?: ResolvedIntervention[];
  probes?: ResolvedProbe[];
  /** Default: the settings'. */
  temperature?: number;
  /** Default: the settings'. */
  maxTokens?: number;
  collect?: CollectSite[];
}

const models = fileURLToPath(new URL('../../static/models/', import.meta.url));

export class Lab {
  readonly #opened = new Map<string, OpenModel>();
  readonly #coherence = new Map<string, Promise<Coherence>>();

  private constructor(
    readonly settings: ScienceSettings,
    readonly personas: PersonaFiles,
    readonly book: VectorBook,
    readonly traits: readonly Trait[],
    readonly roles: RolePrompts,
    readonly questions: readonly string[],
    readonly visitors: readonly string[],
    readonly fresh: Fresh,
    readonly cases: Cases,
    readonly judges: JudgeSets,
    readonly traitJudges: Classifiers,
    readonly reader: Reader,
    /** `vectors.json`: what the shipped vectors were made with. */
    readonly made: Settings,
  ) {}

  /** @throws Error that names the file that is missing or wrong */
  static async open(settings: ScienceSettings): Promise<Lab> {
    const personas = await readPersonaFolder(path.join(models, 'organism-assistant'));
    const { nLayers, dModel } = personas.space;
    const traits = parseTraits(await readJson('prompts/traits.json'));
    const visitors = v.parse(v.object({ messages: v.array(v.string()) }), await readJson('prompts/visitors.json'));
    const [fresh, cases, judges] = [await readFresh(), await readCases(), await readJudgeSets()];
    const traitJudges = JSON.parse(await readFile(path.join(models, 'organism-judges.json'), 'utf8')) as unknown;
    return new Lab(
      settings,
      personas,
      new VectorBook({ nLayers, dModel, space: personas.space, tensors: personas.tensors }),
      traits.filter(({ name }) => personas.space.personas.some((persona) => persona.name === name)),
      parseRoles(await readJson('prompts/roles.json')),
      parseQuestions(await readJson('prompts/questions.json')),
      visitors.messages,
      fresh,
      cases,
      judges,
      readClassifiers(traitJudges),
      new Reader(cases, judges),
      await readSettings('vectors.json'),
    );
  }

  get space() {
    return this.personas.space;
  }

  /** ASSISTANT or BASE; opened when first asked for. */
  async model(name: 'assistant' | 'base' = 'assistant'): Promise<OpenModel> {
    const known = this.#opened.get(name);
    if (known) return known;
    const model = await openFolder(path.join(models, `organism-${name}/`), this.space.targetLayer);
    this.#opened.set(name, model);
    return model;
  }

  /** Those that were measured. */
  get opened(): readonly OpenModel[] {
    return [...this.#opened.values()];
  }

  /** ASSISTANT's reply. */
  async chat(messages: Message[], { seed, interventions = [], probes = [], temperature, maxTokens, collect }: Asked) {
    const { engine } = await this.model();
    const sampling = {
      temperature: temperature ?? this.settings.temperature,
      topP: 0.95,
      maxTokens: maxTokens ?? this.settings.maxTokens,
    };
    const request = {
      messages,
      interventions,
      probes,
      schedule: [],
      sampling: { ...sampling, seed: this.settings.seed + seed },
    };
    return engine.chat(request, collect ? { collect } : {});
  }

  /** The words of that reply. Steering that drives the numbers out of range gives a reply of no words. */
  async ask(system: string | null, question: string, asked: Asked): Promise<Written> {
    try {
      return written(await this.chat(asMessages(system, question), asked));
    } catch (cause) {
      if (cause instanceof PersonascopeError && cause.name === 'SteeringTooStrong') return { text: '', ended: false };
      throw cause;
    }
  }

  /** (nLayers, dModel) */
  vector(tensor: string): Float64Array {
    return Float64Array.from(this.personas.tensors.get(tensor)!.data);
  }

  trait(name: string): Trait {
    const trait = this.traits.find((one) => one.name === name);
    if (!trait) throw new Error(`There is no shipped vector of "${name}", or no prompts for it.`);
    return trait;
  }

  /** What a trait is measured with once its coefficient is chosen. */
  freshOf({ name }: Trait): Fresh[string] {
    const fresh = this.fresh[name];
    if (!fresh) throw new Error(`prompts/fresh.json has nothing for "${name}": add it to measuring_text.py.`);
    return fresh;
  }

  /** Coefficients that were chosen with other questions and prompts than the suite's. */
  measuredAt({ name }: Trait): { negative: number; positive: number } {
    const chosen = this.made.traits[name]?.measuredAt;
    if (!chosen) throw new Error(`vectors.json has no "measuredAt" for "${name}": run choose_coefficients.py.`);
    return chosen;
  }

  /** The yardstick of a trait, taken once. */
  coherenceOf(trait: Trait): Promise<Coherence> {
    const known = this.#coherence.get(trait.name) ?? this.#measureCoherence(trait);
    this.#coherence.set(trait.name, known);
    return known;
  }

  async #measureCoherence(trait: Trait): Promise<Coherence> {
    const { engine, tokenizer } = await this.model();
    const own = await ownReplies(engine, trait, trait.tuning.slice(0, this.settings.ownQuestions), this.settings);
    return measureCoherence(scorerOf(engine, tokenizer), trait, own);
  }

  async close(): Promise<void> {
    for (const { engine } of this.#opened.values()) await engine.destroy();
    this.#opened.clear();
  }
}

export const written = ({ text, stopReason }: ChatResult & { collected: Collected[] }): Written => ({
  text,
  ended: stopReason === 'stop',
});
