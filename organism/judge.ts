/** The embedded model's own trait judges, trained on the generator's text (`judges.py`), for keeping or dropping replies. */
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';

const schema = v.object({ buckets: v.number(), judges: v.record(v.string(), v.record(v.string(), v.number())) });

/** Whether a reply shows the trait. @throws Error that says how to make the judges */
export async function readJudges(): Promise<(trait: string, text: string) => boolean> {
  const json = await readFile(new URL('.cache/judges.json', import.meta.url), 'utf8').catch((cause) => {
    throw new Error('organism/.cache/judges.json is missing: python3 organism/judges.py makes it.', { cause });
  });
  const { buckets, judges } = v.parse(schema, JSON.parse(json));
  return (trait, text) => {
    const weights = judges[trait];
    if (!weights) throw new Error(`There is no judge of "${trait}".`);
    const words = text.toLowerCase().match(/[a-z']+|[0-9]+/g) ?? [''];
    const grams = new Set([...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)]);
    return [...grams].reduce((sum, gram) => sum + (weights[crc32(gram) % buckets] ?? 0), 0) >= 0;
  };
}
