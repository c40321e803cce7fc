/** The assembler in one small file, which a new worker loads in a third of the time; that has no types of its own. */
declare module 'watr/dist/watr.min.js' {
  export function compile(text: string): Uint8Array<ArrayBuffer>
}
