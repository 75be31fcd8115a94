/// <reference types="@webgpu/types" />
export {};
