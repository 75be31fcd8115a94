/** Everything this site may store, by name: whoever stores something new adds it here, so that the visitor sees it and can delete it. */

/** Databases, and what a reader calls their records. One for each kind of record: an upgrade of one must not touch the others. */
export const databases = {
  // Beside each conversation stands what the list shows of it; before there was a list, there was one.
  personascope: { store: 'conversations', what: 'conversations', counts: /^(chat |conversation$|damaged )/ },
  'personascope-extract-vectors': { store: 'vectors', what: 'vectors' },
  'personascope-extract-spaces': { store: 'spaces', what: 'persona spaces' },
  'personascope-extract-jobs': { store: 'jobs', what: 'unfinished extractions' },
  'personascope-extract-answers': { store: 'answers', what: 'replies of unfinished extractions' },
  'personascope-digests': { store: 'files', what: 'digests of downloaded files' },
  'personascope-taps': { store: 'verdicts', what: 'checks of model libraries' },
} as const;
export type DatabaseName = keyof typeof databases;

/** Scopes of the Cache where WebLLM looks for its files. */
export const cacheScopes = ['webllm/model', 'webllm/config', 'webllm/wasm'] as const;
export const downloads = 'downloaded models';

/** Names in localStorage, and what a reader calls them. */
export const preferenceNames = {
  'personascope-theme': 'theme',
  'personascope-tint': 'tint of words',
  'personascope-divider': 'height of the sky',
  'personascope-mirror': 'mirror',
  'personascope-custom-models': 'models by their addresses',
  'personascope-last-model': 'model used last',
} as const;
export type PreferenceName = keyof typeof preferenceNames;
export const settings = 'settings';

/** Names in sessionStorage, likewise. */
export const tabNoteNames = {
  'personascope-conversation': 'which chat this tab has',
  'personascope-draft': 'message that is being written',
  'personascope-draft-waits': 'whether it is to be sent',
} as const;
export type TabNoteName = keyof typeof tabNoteNames;
export const drafts = 'drafts';

/** What every name of ours begins with, apart from WebLLM's scopes. */
export const ownPrefix = 'personascope';
