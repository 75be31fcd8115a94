/// <reference types="@webgpu/types" />
declare global {
  /** Of the source that the page was built from; empty where it was none of git's. Written in by `vite.config.ts`. */
  const __COMMIT__: string;
  namespace App {
    interface Error {
      /** What can be done about it; empty: nothing. */
      nextStep?: string;
    }
  }
}
export {};
