/**
 * The one list of bounds on what comes from outside: typed into the page, asked for by a script, opened from a link or a file.
 * Whoever checks an input imports its bound from here, so that nothing is accepted in one place and refused in another.
 */

export interface NumberBounds {
  min: number;
  max: number;
  /** `min` itself is refused. */
  excludesMin?: boolean;
  isWhole?: boolean;
}

export const limits = {
  /** Characters of one message, of the system prompt, and of the words a reply is to begin with. */
  message: 100_000,
  /** Characters of a reply: as many as its tokens may have. */
  reply: 1_000_000,
  /** Characters of the words in which a failed reply says why. */
  failure: 2_000,
  /** Characters of a model's, vector's or conversation's name. */
  name: 200,
  /** Characters of a trait's name, with room for what is put before it when it is taken: my-<name>. */
  traitName: 90,
  /** Characters of what a trait is. */
  traitDescription: 2_000,
  /** Characters of an address. */
  url: 2_048,
  turns: 500,
  /** Two a turn, and the system prompt. */
  messages: 1_001,
  /** Replies that one turn keeps. */
  replies: 50,
  /** Features that a link may say a replay needs. */
  needs: 20,
  interventions: 64,
  /** Changes of the interventions while one reply is written. */
  scheduleSteps: 10_000,
  /** Blocks of a model: layers are 0 to 255. */
  layers: 256,
  dModel: 16_384,
  /** 0 is greedy. */
  temperature: 100,
  /** Tokens of one reply. */
  maxTokens: 100_000,
  /** Largest of a dial, either way, and of what an intervention adds: the largest f32, which is what the GPU computes with. */
  coefficient: 3.4028234663852886e38,
  /** Alternatives that each token reports. */
  topLogprobs: 20,
  /** Seeds are whole numbers, 0 to this. */
  seed: Number.MAX_SAFE_INTEGER,
  /** Tokens of one reply that an extraction reads. */
  extractionTokens: 1_000,
  /** Of an extraction, or of one machine's share of it: its own are counted on from there. */
  extractionSeed: 2 ** 40,
  /** Characters of a link's fragment. */
  link: 65_536,
  /** Bytes of a link after decompression: 64 kB of deflate can inflate to 50 MB. */
  inflatedLink: 524_288,
  /** Lists and objects within each other, in JSON from outside: model folders have ten at most. */
  jsonDepth: 64,
  /** Lists, objects and fields of one JSON text from outside: a tokenizer of 500,000 merges has a million. */
  jsonParts: 4_000_000,
  /** Bytes of the header of a safetensors file that holds vectors: 500 with the longest descriptions take half of it. */
  vectorFileHeader: 8 * 1024 * 1024,
  /** Bytes of the embedded model's trait classifiers. */
  classifiers: 16 * 1024 * 1024,
  /** Bytes of the table of measurements. */
  science: 4 * 1024 * 1024,
  /** Bytes of a persona space's description: 500 vectors and 1,000 roles take a fifth of it. */
  personasJson: 16 * 1024 * 1024,
  /** Bytes of its tensors; hundreds of vectors of a large model are below it. */
  personasTensors: 256 * 1024 * 1024,
  /** Bytes of a vector file: 256 layers of 16,384 numbers are 16 MiB in f32, about 90 MB as JSON text. */
  vectorFile: 128 * 1024 * 1024,
  /** Bytes of a file of sums: a thousand replies of a model of 4,096 numbers in 36 layers are 600 MB. */
  sumsFile: 2 * 1024 * 1024 * 1024,
  /** Vectors in one file, or in one persona space. */
  vectors: 500,
  /** Of a persona space. */
  roles: 1_000,
  /** Bytes of a conversation's file. */
  conversationFile: 64 * 1024 * 1024,
} as const;

/** Of what a reply is drawn with: as it is typed, asked for by a script, opened and kept. */
export const samplingBounds = {
  temperature: { min: 0, max: limits.temperature },
  topP: { min: 0, excludesMin: true, max: 1 },
  maxTokens: { min: 1, max: limits.maxTokens, isWhole: true },
  seed: { min: 0, max: limits.seed, isWhole: true },
} as const satisfies Record<string, NumberBounds>;
