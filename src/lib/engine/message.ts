/** What a conversation is made of, and where a model comes from: plain types that every layer shares. */

export type Role = 'system' | 'user' | 'assistant';

export interface Message {
  role: Role;
  content: string;
}

export type ModelSource =
  /** A folder in Hugging Face layout. */
  | { engine: 'wgsl'; url: string }
  /** MLC weights, model library, WebLLM version. */
  | { engine: 'web-llm'; url: string; lib: string; runtime?: string };
