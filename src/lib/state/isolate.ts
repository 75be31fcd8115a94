/** Letters of scripts that run from right to left: Hebrew to Arabic Extended, their presentation forms, and the later planes. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * Somebody's words inside a sentence of the page. Words that run from right to left are put into a Unicode isolate, so that a
 * number after them stays after them; others come back as they are.
 */
export const isolate = (words: string): string => (rightToLeft.test(words) ? `\u2068${words}\u2069` : words);
