// What runs anywhere is in core.ts; what needs Node is added here.
export * from './core.ts'
export { fileStore, writePrivateFile } from './file-store.ts'
