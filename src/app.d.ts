/// <reference types="@webgpu/types" />
declare global {
  namespace App {
    interface Error {
      /** What can be done about it; empty: nothing. */
      nextStep?: string;
    }
  }
}
export {};
